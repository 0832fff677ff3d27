"""Figures on the terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from gpicl.bench.figures import RATES, Change, Figure

_COLUMNS = ("median", "quartiles", "per second", "limit", "of it", "limited by", "runs")


def print_figures(title: str, figures: Sequence[Figure], console: Console) -> None:
    """Print a group: the machine's rates in a line, then medians, their quartiles, and how near the limit they are.

    Args:
        title: What the group is about.
        figures: Its figures.
        console: Where to.
    """
    rates = [f"{figure.name} {_number(figure.value)} {figure.unit}" for figure in figures if figure.unit in RATES]
    rows = [_row(figure) for figure in figures if figure.unit not in RATES]
    # A column that this group has no use for is left out.
    columns = [name for name in _COLUMNS if any(row[name] for row in rows)]
    table = _table(title, "", *columns)
    for row in rows:
        table.add_row(row[""], *(row[name] for name in columns))
    table.caption, table.caption_justify = "; ".join(rates), "left"
    console.print(table)


def print_growth(title: str, figures: Sequence[Figure], console: Console) -> None:
    """Print figures named `row, column` as a table for each unit.

    Args:
        title: What the group is about.
        figures: Its figures.
        console: Where to.
    """
    for unit in dict.fromkeys(figure.unit for figure in figures):
        cells = {tuple(figure.name.split(", ")): figure.value for figure in figures if figure.unit == unit}
        rows, columns = (dict.fromkeys(key[i] for key in cells) for i in (0, 1))
        table = _table(f"{title} ({unit})", "", *columns)
        for row in rows:
            table.add_row(row, *(_number(cells[row, c]) if (row, c) in cells else "-" for c in columns))
        console.print(table)


def print_changes(changes: Sequence[Change], console: Console) -> None:
    """Print figures before and now. Those whose quartiles overlap are marked as such.

    Args:
        changes: The figures.
        console: Where to.
    """
    table = _table("Before and now", "", "before", "now", "times as good", "quartiles")
    for change in changes:
        before, now = change
        table.add_row(
            f"{now.group}: {now.name}",
            f"{_number(before.value)} {before.unit}",
            f"{_number(now.value)} {now.unit}",
            f"{change.gain:.2f}",
            "apart" if change.clear else "overlap",
        )
    console.print(table)


def _row(figure: Figure) -> dict[str, str]:
    rate, share = figure.per_second, figure.share
    return {
        "": figure.name,
        "median": f"{_number(figure.value)} {figure.unit}",
        "quartiles": f"{_number(figure.low)} to {_number(figure.high)}" if figure.repeats > 1 else "",
        "per second": f"{_number(rate)} {figure.of}" if rate else "",
        "limit": "" if figure.limit is None else f"{_number(figure.limit)} {figure.unit}",
        "of it": "" if share is None else f"{share:.1%}",
        "limited by": figure.limited_by,
        "runs": str(figure.repeats),
    }


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column(first, no_wrap=True, overflow="fold")
    for name in others:
        table.add_column(name, justify="left" if name == "limited by" else "right", no_wrap=True)
    return table


def _number(value: float) -> str:
    """Three significant digits, and none behind the point from a hundred on."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
