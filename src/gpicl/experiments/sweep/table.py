"""A sweep as tidy tables, made from its runs' folders."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gpicl.experiments.sweep.sweep import SweptRun
from gpicl.runs.meta_test_run import tested_rows
from gpicl.weights import CARD_FILE, load_card

_COLUMNS = ["dataset", "tasks", "position", "accuracy", "low", "high", "loss", "episodes", "examples"]

Measure = Callable[[SweptRun, Path], Iterable[dict[str, Any]]]
"""Measures a finished run: takes the run and its folder, and returns rows of a table."""


def results_table(
    runs: Sequence[SweptRun], output: Path | str, measure: Measure, failures: Collection[Path] = ()
) -> pd.DataFrame:
    """Collect the measurements of all finished runs.

    WHY it has no times: on CPUs the same sweep gives the same table to the bit, on one worker or many, interrupted or
    not.

    Args:
        runs: The grid.
        output: Folder of all runs.
        measure: Returns rows for a run and its folder.
        failures: Folders of runs that failed, which are left out.

    Returns:
        One row per row of `measure`: the keys of the run, the columns of `measure`, and `run`, the name of its folder.
    """
    rows = []
    for run in runs:
        folder = run.folder(output)
        if folder not in failures and (folder / CARD_FILE).exists():
            rows += [{**run.keys, **row, "run": folder.name} for row in measure(run, folder)]
    return pd.DataFrame(rows)


def costs_table(runs: Sequence[SweptRun], output: Path | str, failures: Mapping[Path, str]) -> pd.DataFrame:
    """Collect the costs of all runs, and the reasons of failed ones.

    Args:
        runs: The grid.
        output: Folder of all runs.
        failures: See `sweep`.

    Returns:
        One row per run: its keys, `run`, `parameters`, `steps`, `seconds` of meta-training, `machine`,
        `failure`.
    """
    rows = []
    for run in runs:
        folder = run.folder(output)
        row: dict[str, Any] = {**run.keys, "run": folder.name, "failure": failures.get(folder)}
        if folder not in failures and (folder / CARD_FILE).exists():
            card = load_card(folder)
            row |= {name: card.get(name) for name in ("parameters", "steps", "seconds", "machine")}
        rows.append(row)
    return pd.DataFrame(rows)


def accuracies_at(*positions: int) -> Measure:
    """Measure accuracy at some positions of every data set and kind of task.

    Args:
        positions: Positions from 1; -1 for the last. Without arguments, every position.

    Returns:
        A measure whose rows have the first columns of `evaluate`.
    """

    def measure(run: SweptRun, folder: Path) -> list[dict[str, Any]]:
        results = tested_rows(folder, run.config.testing)[_COLUMNS]
        if positions:
            last = int(results["position"].max())
            wanted = [last if position == -1 else position for position in positions]
            results = results[results["position"].isin(wanted)]
        return [{str(name): value for name, value in row.items()} for row in results.to_dict("records")]

    return measure
