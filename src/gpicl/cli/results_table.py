"""Accuracies as a table on the terminal."""

import pandas as pd
from rich.console import Console
from rich.table import Table

from gpicl.report import accuracy_rows


def print_table(results: pd.DataFrame) -> None:
    """Print the last position's accuracies to standard output.

    Args:
        results: Table of `evaluate`.
    """
    last = accuracy_rows(results)
    title = f"Accuracy after {int(last['position'].max()) - 1} examples"
    table = Table("data set", "tasks", title=title)
    for column in ("accuracy", "95 % interval", "episodes"):
        table.add_column(column, justify="right")
    for row in last.itertuples():
        interval = f"{row.low:.1%} to {row.high:.1%}"
        table.add_row(str(row.dataset), str(row.tasks), f"{row.accuracy:.1%}", interval, f"{row.episodes:,}")
    Console().print(table)
