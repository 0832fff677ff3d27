"""Improvement within a sequence: the phases, and how the seeds are distributed at the jump."""

from collections.abc import Iterator
from math import nan

import numpy as np
import pandas as pd
from scipy.stats import kurtosis as kurtosis_of
from scipy.stats import skew

from gpicl.experiments.reproduction import over_seeds
from gpicl.metatesting import reference_name

PAPER_UNSEEN = {"mnist": 0.60, "fashion_mnist": 0.42}
"""How much the paper's learner, meta-trained on MNIST, improves on unseen tasks (read from its text)."""

PART = ["learner", "trained_on"]
# Accuracy of guessing, a difference of accuracies, and a share of it.
CHANCE, FLAT, SHARE = 0.1, 0.1, 2 / 3
NOTHING, INSTANCES = "learns nothing", "instance memorisation"
TASKS, LEARNING = "task memorisation", "learning to learn"
RULE = (
    "improvement is the accuracy at the last position minus that at the first, mean over seeds. *Learns "
    f"nothing*: less than {FLAT:.0%} on seen tasks, whose accuracy at the first position is less than {FLAT:.0%} above "
    f"guessing. *Instance memorisation*: less than {FLAT:.0%} on other seen tasks. *Task memorisation*: at least "
    f"{FLAT:.0%} on seen tasks, and on unseen ones less than two thirds of that. *Learning to learn*: at least two "
    "thirds of that."
)


def improvements(table: pd.DataFrame) -> pd.DataFrame:
    """Compute every run's improvement within the sequence.

    Args:
        table: Accuracies at the first and the last position.

    Returns:
        One row per run, data set and kind of tasks: `learner`, `trained_on`, `num_tasks`, `seed`, `dataset`, `tasks`,
        `first` (the accuracy at the first position), `improvement`.
    """
    keys = [*PART, "num_tasks", "seed", "dataset", "tasks"]
    ordered = table.sort_values("position").groupby(keys, sort=False)["accuracy"]
    return ordered.first().rename("first").to_frame().assign(improvement=ordered.last() - ordered.first()).reset_index()


def mean_improvements(table: pd.DataFrame) -> pd.DataFrame:
    """Average `improvements` over seeds."""
    return over_seeds(improvements(table), [*PART, "num_tasks", "dataset", "tasks"], "improvement")


def phases(table: pd.DataFrame) -> pd.DataFrame:
    """Determine the phase of each number of tasks.

    Args:
        table: Accuracies at the first and the last position.

    Returns:
        One row per learner, data set and number of tasks: `learner`, `trained_on`, `num_tasks`, `seen`, `unseen`
        (improvements on the data set that it was meta-trained on), `first` (accuracy at the first position of seen
        tasks), `phase`.
    """
    rows, index = improvements(table), [*PART, "num_tasks"]
    own = rows[rows["dataset"] == rows["trained_on"]]
    wide = own.pivot_table(index=index, columns="tasks", values="improvement")
    wide["first"] = own[own["tasks"] == "seen"].groupby(index)["first"].mean()
    wide = wide.reset_index()
    wide["phase"] = [_phase(row["first"], row["seen"], row["unseen"]) for _, row in wide.iterrows()]
    return wide


def is_the_papers(learner: str, trained_on: str) -> bool:
    """Whether this is the learner and the data set of the paper's figure.

    Args:
        learner: Name of the learner.
        trained_on: Label of the data set of meta-training.
    """
    return learner == "TokenTransformer" and reference_name(trained_on) == "mnist"


def by_part(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Iterate over the learners and data sets: learner, data set that it was meta-trained on, and its rows."""
    for (learner, trained_on), rows in table.groupby(PART, sort=False):
        yield str(learner), str(trained_on), rows


def _phase(first: float, seen: float, unseen: float) -> str:
    if seen < FLAT:
        return NOTHING if first < CHANCE + FLAT else INSTANCES
    return LEARNING if unseen >= SHARE * seen else TASKS


# With fewer seeds there is nothing to draw; the coefficient of bimodality is not defined.
FEWEST_SEEDS = 4
# With fewer seeds even two equal heaps have a coefficient below that of a uniform distribution.
FEWEST_JUDGED = 10


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
    """The improvements of all seeds on unseen tasks, for every number of tasks that has enough of them to draw."""
    rows = improvements(table)
    rows = rows[(rows["dataset"] == rows["trained_on"]) & (rows["tasks"] == "unseen")]
    for num_tasks, found in rows.groupby("num_tasks"):
        if len(found) >= FEWEST_SEEDS:
            yield int(num_tasks), np.sort(found["improvement"].to_numpy(dtype=float))
