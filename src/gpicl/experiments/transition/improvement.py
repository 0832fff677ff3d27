"""Improvement within a sequence: the phases, and how the seeds are distributed at the jump."""

from collections.abc import Iterator
from math import nan

import numpy as np
import pandas as pd
from scipy.stats import kurtosis as kurtosis_of
from scipy.stats import skew

from gpicl.experiments.reproduction import over_seeds

PART = ["learner", "trained_on"]
# A difference of accuracies, and a share of it.
FLAT, SHARE = 0.1, 2 / 3
INSTANCES, TASKS, LEARNING = "instance memorisation", "task memorisation", "learning to learn"
RULE = (
    "improvement is the accuracy at the last position minus that at the first, mean over seeds. *Instance "
    f"memorisation*: less than {FLAT:.0%} on seen tasks. *Task memorisation*: at least {FLAT:.0%} on seen tasks, and "
    "on unseen ones less than two thirds of that. *Learning to learn*: at least two thirds of that."
)
# How much the paper's learner improves on unseen tasks (read from its text), on MNIST and on Fashion-MNIST.
PAPER_UNSEEN = (0.60, 0.42)


def improvements(table: pd.DataFrame) -> pd.DataFrame:
    """Compute every run's improvement within the sequence.

    Args:
        table: Accuracies at the first and the last position.

    Returns:
        One row per run, data set and kind of tasks: `learner`, `trained_on`, `num_tasks`, `seed`, `dataset`, `tasks`,
        `improvement`.
    """
    keys = [*PART, "num_tasks", "seed", "dataset", "tasks"]
    ordered = table.sort_values("position").groupby(keys, sort=False)["accuracy"]
    return (ordered.last() - ordered.first()).rename("improvement").reset_index()


def mean_improvements(table: pd.DataFrame) -> pd.DataFrame:
    """Average `improvements` over seeds."""
    return over_seeds(improvements(table), [*PART, "num_tasks", "dataset", "tasks"], "improvement")


def phases(table: pd.DataFrame) -> pd.DataFrame:
    """Determine the phase of each number of tasks.

    Args:
        table: Accuracies at the first and the last position.

    Returns:
        One row per learner, data set and number of tasks: `learner`, `trained_on`, `num_tasks`, `seen`, `unseen`
        (improvements on the data set that it was meta-trained on), `phase`.
    """
    means = mean_improvements(table)
    own = means[means["dataset"] == means["trained_on"]]
    index = [*PART, "num_tasks"]
    wide = own.pivot_table(index=index, columns="tasks", values="improvement").reset_index()
    wide["phase"] = [_phase(row["seen"], row["unseen"]) for _, row in wide.iterrows()]
    return wide


def by_part(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Iterate over the learners and data sets: learner, data set that it was meta-trained on, and its rows."""
    for (learner, trained_on), rows in table.groupby(PART, sort=False):
        yield str(learner), str(trained_on), rows


def _phase(seen: float, unseen: float) -> str:
    if seen < FLAT:
        return INSTANCES
    return LEARNING if unseen >= SHARE * seen else TASKS


# Fewer seeds say nothing about a distribution.
FEWEST_SEEDS = 4


def bimodality(values: np.ndarray) -> float:
    """Sarle's coefficient of bimodality; NaN if all values are equal or there are fewer than four.

    Args:
        values: One per seed.
    """
    n = len(values)
    if n < FEWEST_SEEDS or np.ptp(values) == 0:
        return nan
    skewness, kurtosis = skew(values, bias=False), kurtosis_of(values, bias=False)
    return float((skewness**2 + 1) / (kurtosis + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))))


def jump_improvements(table: pd.DataFrame) -> Iterator[tuple[int, np.ndarray]]:
    """The improvements of all seeds on unseen tasks, for every number of tasks that has enough of them."""
    rows = improvements(table)
    rows = rows[(rows["dataset"] == rows["trained_on"]) & (rows["tasks"] == "unseen")]
    for num_tasks, found in rows.groupby("num_tasks"):
        if len(found) >= FEWEST_SEEDS:
            yield int(num_tasks), np.sort(found["improvement"].to_numpy(dtype=float))
