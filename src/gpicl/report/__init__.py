"""Reports of runs as self-contained HTML pages, and Markdown pages with tables and figures."""

from gpicl.report.figures import COLOURS, example_images, figure_style, learning_curve, training_curve
from gpicl.report.html_report import write_report
from gpicl.report.markdown import failures_section, interval_text, markdown_table, write_page
from gpicl.report.tables import accuracy_rows, reference_rows, settings_that_differ

__all__ = [
    "COLOURS",
    "accuracy_rows",
    "example_images",
    "failures_section",
    "figure_style",
    "interval_text",
    "learning_curve",
    "markdown_table",
    "reference_rows",
    "settings_that_differ",
    "training_curve",
    "write_page",
    "write_report",
]
