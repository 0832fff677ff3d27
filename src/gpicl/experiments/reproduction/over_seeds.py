"""The mean over seeds, with its interval."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gpicl.experiments.reproduction.finding import clear
from gpicl.metatesting import accuracy_over_seeds, mean_interval

OVER_SEEDS = (
    "mean and 95 % interval over seeds (Student's t, with the noise of the test images, and never narrower than "
    "Wilson's over the episodes of all seeds), or, with one seed, over episodes of these images (Wilson)"
)
"""How `over_seeds` averages accuracies, for the rules on the pages."""


def over_seeds(table: pd.DataFrame, by: Sequence[str], value: str = "accuracy") -> pd.DataFrame:
    """Average a column over seeds.

    Args:
        table: One row per seed and combination of `by`.
        by: Columns to keep.
        value: Column to average.

    Returns:
        One row per combination of `by`, sorted: the mean `value`, `low` and `high` (95 %: for accuracies of two or
        more seeds see `accuracy_over_seeds`; for other values Student's t; for one seed the row's own interval over
        episodes, if it has one), and `seeds`.
    """
    rows = []
    for keys, group in table.groupby(list(by), sort=True, dropna=False):
        values = group[value].to_numpy(dtype=np.float64)
        if len(values) > 1 and value == "accuracy" and "episodes" in group:
            examples = int(group["examples"].iloc[0]) if "examples" in group else 0
            low, high = accuracy_over_seeds(values, int(group["episodes"].min()), examples)
        elif len(values) > 1:
            low, high = mean_interval(values)
        elif value == "accuracy" and {"low", "high"} <= set(group.columns):
            low, high = float(group["low"].iloc[0]), float(group["high"].iloc[0])
        else:
            low = high = float(values[0])
        row = dict(zip(by, keys, strict=True))
        rows.append({**row, value: float(values.mean()), "low": low, "high": high, "seeds": len(values)})
    return pd.DataFrame(rows, columns=[*by, value, "low", "high", "seeds"])


class Difference(NamedTuple):
    """The mean of a difference over seeds, with its 95 % interval (Student's t).

    Attributes:
        mean: Mean over seeds, as a share.
        low: Lower end of the interval; the mean if there is one seed.
        high: Upper end.
        seeds: Number of seeds.
    """

    mean: float
    low: float
    high: float
    seeds: int

    @classmethod
    def of(cls, differences: "pd.Series[Any]") -> "Difference | None":
        """Average differences, one per seed; NaN where a seed has only one of the two values.

        Returns:
            The mean; None if no seed has both.
        """
        known = differences.dropna().to_numpy(dtype=np.float64)
        if not len(known):
            return None
        low, high = mean_interval(known) if len(known) > 1 else (known[0], known[0])
        return cls(float(known.mean()), float(low), float(high), len(known))

    @property
    def text(self) -> str:
        """The mean and its interval in points."""
        mean, low, high = (f"{100 * value:+.1f}" for value in (self.mean, self.low, self.high))
        return f"{mean} points" + (f" ({low} to {high})" if self.seeds > 1 else "")

    @property
    def number(self) -> float | None:
        """The number for a verdict; see `clear`."""
        return clear(self.low, self.high)
