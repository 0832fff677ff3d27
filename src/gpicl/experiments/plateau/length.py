"""The length of a plateau: the rule, and the measurement of a run."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from gpicl.experiments.plateau.grid import KINDS, UNLIMITED
from gpicl.experiments.plateau.layers import PHASES, read_statistics
from gpicl.experiments.sweep import SweptRun
from gpicl.metatraining import RunConfig
from gpicl.metatraining.csv_log import read_log
from gpicl.runs import tested_rows
from gpicl.weights import load_card

# Shares of the loss of guessing. The training loss falls a little without learning: in episodes that repeat a few
# images it is enough to notice which labels occur.
BELOW = {"loss": 0.85, "unseen_loss": 0.95}
# Logged steps over which the training loss, which is noisy, is averaged.
WINDOW = 5
LOSSES = {"training": "loss", "unseen": "unseen_loss"}
LAYERS = "layers"
"""Value of the column `loss` in rows about layers."""
RULE = (
    "a plateau ends at the first step at which the loss, mean over all positions, is below a share of ln C, the loss "
    f"of guessing: {BELOW['loss']:.0%} for the *training* loss (mean over {WINDOW} logged steps), "
    f"{BELOW['unseen_loss']:.0%} for the *unseen* loss, which is measured at intervals on 128 episodes of unseen "
    "tasks without repetition and bias. A plateau that has not ended by the last step is at least as long as the run."
)


class Plateau(NamedTuple):
    """The length of a plateau.

    Attributes:
        steps: Length in steps.
        ended: Whether it ended; if not, `steps` is the length of the run.
    """

    steps: int
    ended: bool


def plateau_of(log: pd.DataFrame, column: str, num_classes: int) -> Plateau:
    """Measure the plateau of one loss.

    Args:
        log: The run's `metrics.csv`.
        column: `loss` or `unseen_loss`.
        num_classes: Classes C of a task.
    """
    rows = log.dropna(subset=[column])
    below = rows["step"][_smoothed(rows, column) < BELOW[column] * math.log(num_classes)]
    return Plateau(int(below.iloc[0]), True) if len(below) else Plateau(int(log["step"].max()), False)


def _smoothed(rows: pd.DataFrame, column: str) -> "pd.Series[float]":
    return rows[column].rolling(WINDOW, min_periods=1).mean() if column == "loss" else rows[column]


def measure(run: SweptRun, folder: Path) -> Iterable[dict[str, Any]]:
    """Measure the plateau of the training loss and of the loss on unseen tasks.

    Args:
        run: A finished run.
        folder: Folder of the run.

    Returns:
        Two rows, one with `loss` training and one with unseen: the run's settings, `plateau` in steps, `ended`,
        `lowest` (the lowest loss as a share of ln C), and the `accuracy` on unseen tasks at the last position of the
        finished run. A run with statistics of its layers also has a row per layer and phase: `loss` is `layers`, then
        `layer`, `phase`, `step` and the columns of `LayerStatistics`.
    """
    log = read_log(folder / "metrics.csv")
    classes = load_card(folder)["options"]["num_classes"]
    accuracy = float(tested_rows(folder, run.config.testing)["accuracy"].iloc[-1])
    settings = _settings(run.config)
    rows: list[dict[str, Any]] = []
    plateaus = {name: plateau_of(log, column, classes) for name, column in LOSSES.items()}
    for name, column in LOSSES.items():
        lowest = float(_smoothed(log.dropna(subset=[column]), column).min()) / math.log(classes)
        length = {"plateau": plateaus[name].steps, "ended": plateaus[name].ended, "lowest": lowest}
        rows.append({"loss": name, **settings, **length, "accuracy": accuracy})
    statistics = read_statistics(folder)
    if statistics is not None and plateaus["training"].ended:
        rows += [{"loss": LAYERS, **settings, **row} for row in _by_phase(statistics, plateaus["training"].steps)]
    return rows


def _settings(config: RunConfig) -> dict[str, Any]:
    tasks, training = config.tasks, config.training
    return {
        "learner": config.learner.name,
        "width": config.learner.options.get("width"),
        "batch": training.batch,
        "num_tasks": UNLIMITED if tasks.num_tasks is None else str(tasks.num_tasks),
        "epsilon": training.epsilon,
        "bias": tasks.permutation_probability,
        "repetition": tasks.repetition_probability,
        "features": tasks.num_features,
        "optimiser": training.optimiser,
        "kinds": next(name for name, widen in KINDS.items() if widen == tasks.widen),
    }


def _by_phase(statistics: pd.DataFrame, plateau: int) -> list[dict[str, Any]]:
    """Pick the records at the beginning, half way through the plateau, and at twice its length or at the end."""
    steps = statistics["step"].unique()
    wanted = dict(zip(PHASES, (0, plateau / 2, 2 * plateau), strict=True))
    rows = []
    for phase, step in wanted.items():
        nearest = min(steps, key=lambda known: abs(known - step))
        chosen = statistics[statistics["step"] == nearest]
        rows += [{"phase": phase, **{str(k): v for k, v in row.items()}} for row in chosen.to_dict("records")]
    return rows
