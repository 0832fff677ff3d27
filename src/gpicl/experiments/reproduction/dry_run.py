"""What `gpicl reproduce --dry-run` prints."""

from collections.abc import Mapping

import pandas as pd
from rich.console import Console
from rich.table import Table

from gpicl.experiments.reproduction.estimate import RULE
from gpicl.runtime import machine_description


def print_costs(costs: Mapping[str, pd.DataFrame], scale: str, console: Console | None = None) -> None:
    """Print the estimated costs of experiments.

    Args:
        costs: See `estimate`, by the name of the experiment.
        scale: For the title.
        console: Where to; None for standard output.
    """
    console = console or Console()
    table = Table("experiment", "learner", title=f"Scale {scale}: what is left to do")
    for column in ("runs", "finished", "steps", "core hours"):
        table.add_column(column, justify="right")
    for name, rows in costs.items():
        for _, row in rows.iterrows():
            table.add_row(name, str(row["learner"]), *_cells(row))
        table.add_section()
    total = pd.concat(list(costs.values()))[["runs", "finished", "steps", "hours"]].sum()
    table.add_row("all", "", *_cells(total))
    console.print(table)
    console.print(f"{RULE} This machine: {machine_description()}.", soft_wrap=True)


def _cells(row: "pd.Series[float]") -> list[str]:
    return [*(f"{row[name]:,.0f}" for name in ("runs", "finished", "steps")), _hours(row["hours"])]


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours >= 10 else f"{hours:.3f}"
