"""The one writer of Markdown pages: tables, intervals, failures."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from gpicl.files import write_atomically

# Halves that differ by less are the same half.
_SAME = 1e-9


def interval_text(estimate: float, low: float, high: float, digits: int = 1) -> str:
    """Write a percentage with its interval: `60.4 ± 1.2`, or where the halves differ `97.9 (96.1 to 98.8)`.

    Args:
        estimate: The estimate, 0..1.
        low: Lower end.
        high: Upper end.
        digits: Digits behind the point.
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
    """Write the tables, the figures, and then the page that speaks of them, all into one folder.

    Args:
        page: File of the page.
        lines: The page in Markdown.
        tables: Tables by the name of their file, without `.csv`.
        figures: Figures by the name of their file, without `.png`.
        kinds: Formats of the figures.
        dpi: Dots per inch of a figure.
    """
    folder = page.parent
    for name, table in tables.items():
        write_atomically(folder / f"{name}.csv", partial(table.to_csv, index=False))
    for name, figure in figures.items():
        for kind in kinds:
            write_atomically(folder / f"{name}.{kind}", partial(figure.savefig, format=kind, dpi=dpi))
    write_atomically(page, lambda part: part.write_text("\n".join([*lines, ""])))


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: bool = True) -> str:
    """Write a table.

    WHY not `DataFrame.to_markdown`: it needs another package, and pads every cell to the widest.

    Args:
        columns: Their names.
        rows: Cells as text.
        numbers: Whether all columns but the first are numbers, which are aligned to the right.
    """
    head = ["| " + " | ".join(columns) + " |"]
    head.append("|" + "|".join(["---", *["--:" if numbers else "---"] * (len(columns) - 1)]) + "|")
    return "\n".join([*head, *("| " + " | ".join(row) + " |" for row in rows)])


def failures_section(failures: Mapping[str, object]) -> list[str]:
    """List what failed and why, under a heading of its own; nothing if nothing failed.

    Args:
        failures: Reasons by what failed.
    """
    lines = [f"- {title}: {' '.join(str(reason).split())}" for title, reason in failures.items()]
    return ["", "## What failed", "", *lines] if lines else []
