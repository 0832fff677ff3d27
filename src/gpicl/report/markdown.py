"""Markdown pages with tables, intervals and failures."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from gpicl.files import write_atomically

# Half-widths of an interval that differ by less count as equal.
_SAME = 1e-9
# Lines that end where they must: tables, code, headings, pictures.
_WHOLE = ("|", "    ", "#", "!")
# Two capitals end a sentence; one is an initial.
_END_OF_SENTENCE = re.compile(r"(?:(?<=[a-z0-9)`*\"\]][.?!])|(?<=[A-Z][A-Z][.?!])) +(?=[A-Z`*\[(])")


def interval_text(estimate: float, low: float, high: float, digits: int = 1) -> str:
    """Format a percentage with its interval: `60.4 ± 1.2`, or `97.9 (96.1 to 98.8)` for an asymmetric one.

    Args:
        estimate: The estimate, 0 to 1.
        low: Lower end of the interval, 0 to 1.
        high: Upper end of the interval, 0 to 1.
        digits: Decimal places.
    """
    text = f"{100 * estimate:.{digits}f}"
    if abs((high - estimate) - (estimate - low)) < _SAME:
        return f"{text} ± {100 * (high - estimate):.{digits}f}"
    return f"{text} ({100 * low:.{digits}f} to {100 * high:.{digits}f})"


def write_page(
    page: Path,
    lines: Sequence[str],
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, Figure],
    kinds: Sequence[str] = ("png", "pdf"),
    dpi: int = 200,
) -> None:
    """Write a page with its tables and figures into one folder; the page is written last, one sentence per line.

    Args:
        page: File of the page.
        lines: Lines of the page, in Markdown.
        tables: Tables by file name, without `.csv`.
        figures: Figures by file name, without the suffix.
        kinds: Formats of the figures.
        dpi: Dots per inch of the figures.
    """
    folder = page.parent
    for name, table in tables.items():
        write_atomically(folder / f"{name}.csv", partial(table.to_csv, index=False))
    for name, figure in figures.items():
        for kind in kinds:
            write_atomically(folder / f"{name}.{kind}", partial(figure.savefig, format=kind, dpi=dpi))
    text = "\n".join([*map(_one_sentence_a_line, lines), ""])
    write_atomically(page, lambda part: part.write_text(text, encoding="utf-8"))


def _one_sentence_a_line(line: str) -> str:
    if line.startswith(_WHOLE):
        return line
    return _END_OF_SENTENCE.sub("\n  " if line.startswith("- ") else "\n", line)


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: bool = True) -> str:
    """Format a Markdown table.

    WHY not `DataFrame.to_markdown`: it needs another package, and pads every cell to the widest.

    Args:
        columns: Column names.
        rows: Cells as text.
        numbers: Align all columns except the first to the right.
    """
    head = ["| " + " | ".join(columns) + " |"]
    head.append("|" + "|".join(["---", *["--:" if numbers else "---"] * (len(columns) - 1)]) + "|")
    return "\n".join([*head, *("| " + " | ".join(row) + " |" for row in rows)])


def failures_section(failures: Mapping[str, object]) -> list[str]:
    """Format a section that lists failures with their reasons; no lines if nothing failed.

    Args:
        failures: Reason of each failure, by the title of what failed.
    """
    lines = [f"- {title}: {' '.join(str(reason).split())}" for title, reason in failures.items()]
    return ["", "## What failed", "", *lines] if lines else []
