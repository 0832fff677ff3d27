"""Improvement within the sequence, and the three phases that it shows: the rules."""

import pandas as pd

from gpicl.experiments.reproduction import Settings, over_seeds

# Points of accuracy, and a share.
FLAT, SHARE = 0.1, 2 / 3
INSTANCES, TASKS, LEARNING = "instance memorisation", "task memorisation", "learning to learn"
RULE = (
    "improvement is the accuracy at the last position less that at the first, mean over seeds. *Instance "
    f"memorisation*: less than {FLAT:.0%} on seen tasks. *Task memorisation*: at least {FLAT:.0%} on seen tasks, and "
    "on unseen ones less than two thirds of that. *Learning to learn*: at least two thirds."
)


def curves(settings: Settings) -> dict[str, tuple[str, str]]:
    """The three curves: from what they are called to the data set and the kind of tasks.

    Args:
        settings: Say what the data sets are called.
    """
    mnist, fashion = settings.label("mnist"), settings.label("fashion_mnist")
    return {
        f"seen tasks, {mnist}": (mnist, "seen"),
        f"unseen tasks, {mnist}": (mnist, "unseen"),
        f"unseen tasks, {fashion}": (fashion, "unseen"),
    }


def improvements(table: pd.DataFrame) -> pd.DataFrame:
    """Give every run's improvement within the sequence.

    Args:
        table: Accuracies at the first and the last position.

    Returns:
        One row per run, data set and kind of tasks: `num_tasks`, `seed`, `dataset`, `tasks`, `improvement`.
    """
    keys = ["num_tasks", "seed", "dataset", "tasks"]
    ordered = table.sort_values("position").groupby(keys)["accuracy"]
    return (ordered.last() - ordered.first()).rename("improvement").reset_index()


def phases(table: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Say in which phase each number of tasks is.

    Args:
        table: Accuracies at the first and the last position.
        settings: Say what the data sets are called.

    Returns:
        One row per number of tasks: `num_tasks`, `seen`, `unseen` (improvements on MNIST), `phase`.
    """
    means = over_seeds(improvements(table), ["num_tasks", "dataset", "tasks"], "improvement")
    mnist = means[means["dataset"] == settings.label("mnist")]
    wide = mnist.pivot_table(index="num_tasks", columns="tasks", values="improvement").reset_index()
    wide["phase"] = [_phase(row["seen"], row["unseen"]) for _, row in wide.iterrows()]
    return wide


def _phase(seen: float, unseen: float) -> str:
    if seen < FLAT:
        return INSTANCES
    return LEARNING if unseen >= SHARE * seen else TASKS
