"""The length of a plateau: the rule."""

import math
from typing import NamedTuple

import pandas as pd

# Shares of the loss of guessing. The training loss falls a little without any learning: in episodes that repeat a few
# images it is enough to notice which labels occur.
BELOW = {"loss": 0.85, "unseen_loss": 0.95}
# Logged steps over which the training loss, which is noisy, is averaged.
WINDOW = 5
RULE = (
    "a plateau ends at the first step at which the loss, mean over all positions, is below a share of ln C, the loss "
    f"of guessing: {BELOW['loss']:.0%} for the *training* loss (mean over {WINDOW} logged steps), "
    f"{BELOW['unseen_loss']:.0%} for the *unseen* loss, which is measured now and then on 128 episodes of unseen "
    "tasks without repetition and bias. A plateau that has not ended by the last step is at least as long as the run."
)


class Plateau(NamedTuple):
    """A plateau.

    Attributes:
        steps: Its length.
        ended: Whether it ended; if not, `steps` is the length of the run.
    """

    steps: int
    ended: bool


def plateau_of(log: pd.DataFrame, column: str, num_classes: int) -> Plateau:
    """Measure the plateau of one loss.

    Args:
        log: The run's `metrics.csv`.
        column: `loss` or `unseen_loss`.
        num_classes: C.
    """
    rows = log.dropna(subset=[column])
    losses = rows[column]
    if column == "loss":
        losses = losses.rolling(WINDOW, min_periods=1).mean()
    below = rows["step"][losses < BELOW[column] * math.log(num_classes)]
    return Plateau(int(below.iloc[0]), True) if len(below) else Plateau(int(log["step"].max()), False)
