"""Tables of accuracies for the terminal."""

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gpicl.report import accuracy_rows, interval_text, settings_that_differ


def print_table(results: pd.DataFrame) -> None:
    """Print the accuracy at the last position to standard output.

    Args:
        results: Table from `evaluate`.
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
            Text(str(row["dataset"])),  # a name in brackets is no markup
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
        console.print(f"Tested on the same images as in meta-training: {names}.", markup=False)


def print_means(means: pd.DataFrame) -> None:
    """Print the mean accuracies over several seeds to standard output.

    Args:
        means: See `train_seeds`.
    """
    seeds = int(means["seeds"].iloc[0])
    table = Table("data set", "tasks", title=f"Mean accuracy over {seeds} seeds, per cent")
    for column in ("after", "accuracy, 95 % interval", "episodes per seed"):
        table.add_column(column, justify="right")
    for row in means.to_dict("records"):
        accuracy = interval_text(row["accuracy"], row["low"], row["high"])
        after = str(row["position"] - 1)
        table.add_row(Text(str(row["dataset"])), str(row["tasks"]), after, accuracy, f"{row['episodes']:,}")
    console = Console()
    console.print(table)
    console.print(
        "Each seed has its own weights, tasks and episodes. The interval (Student's t) includes the noise of the "
        "finite set of test images, assuming that each image is always right or always wrong."
    )
