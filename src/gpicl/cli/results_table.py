"""Accuracies as a table on the terminal."""

import pandas as pd
from rich.console import Console
from rich.table import Table

from gpicl.report import accuracy_rows, settings_that_differ


def print_table(results: pd.DataFrame) -> None:
    """Print the last position's accuracies to standard output.

    Args:
        results: Table of `evaluate`.
    """
    last = accuracy_rows(results)
    differ = settings_that_differ(last)
    examples = sorted(set(last["position"] - 1))
    of = str(examples[0]) if len(examples) == 1 else "all"
    table = Table("data set", "tasks", title=f"Accuracy after {of} examples")
    for column in (*differ, *(["after"] if len(examples) > 1 else []), "accuracy", "95 % interval", "episodes"):
        table.add_column(column, justify="right")
    for row in last.to_dict("records"):
        after = [str(row["position"] - 1)] if len(examples) > 1 else []
        table.add_row(
            str(row["dataset"]),
            str(row["tasks"]),
            *(str(row[name]) for name in differ),
            *after,
            f"{row['accuracy']:.1%}",
            f"{row['low']:.1%} to {row['high']:.1%}",
            f"{row['episodes']:,}",
        )
    console = Console()
    console.print(table)
    trained = [str(row["dataset"]) for row in last.to_dict("records") if row.get("on_training_images") is True]
    if trained:
        names = ", ".join(dict.fromkeys(trained))
        console.print(f"Of the very images that it was meta-trained on: {names}.", markup=False)
