"""Whether a learner memorises or generalises: the rule, and what it says of a table."""

import pandas as pd

from gpicl.experiments.reproduction import over_seeds

CHANCE = 0.1
# Points of accuracy.
LEARNED, AT_CHANCE, LEVEL = 0.2, 0.05, 0.05
MEMORISES, GENERALISES, BETWEEN, NEITHER = "memorises", "generalises", "in between", "learns neither"
RULE = (
    f"accuracy at the last position, mean over seeds. *Memorises*: seen tasks at least {LEARNED:.0%} above guessing, "
    f"unseen ones at most {AT_CHANCE:.0%}. *Generalises*: unseen tasks at least {LEARNED:.0%} above guessing and at "
    f"most {LEVEL:.0%} below seen ones. *Learns neither*: seen tasks less than {LEARNED:.0%} above guessing."
)


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Judge every place of the heat map.

    Args:
        table: One row per run and kind of tasks.

    Returns:
        One row per `learner`, `num_tasks` and `width`: `seen` and `unseen` accuracy, `verdict`.
    """
    means = over_seeds(table, ["learner", "num_tasks", "width", "tasks"])
    wide = means.pivot_table(index=["learner", "num_tasks", "width"], columns="tasks", values="accuracy").reset_index()
    wide["verdict"] = [_verdict(row["seen"], row["unseen"]) for _, row in wide.iterrows()]
    return wide


def _verdict(seen: float, unseen: float) -> str:
    if unseen >= CHANCE + LEARNED and unseen >= seen - LEVEL:
        return GENERALISES
    if seen < CHANCE + LEARNED:
        return NEITHER
    return MEMORISES if unseen <= CHANCE + AT_CHANCE else BETWEEN
