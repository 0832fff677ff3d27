"""Ratios of plateaus, which are only bounds where a plateau did not end."""

from collections.abc import Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gpicl.experiments.reproduction import Reference

FACTOR = 1.25
"""Two seeds may differ by this factor by chance."""
LONGER = Reference(1.0, FACTOR, inf)
BOUND_RULE = (
    " A plateau that did not end (>) makes the number a bound. There is no number if the bound does not decide the "
    "verdict."
)


class Ratio(NamedTuple):
    """A ratio, as far as it is known.

    Attributes:
        low: It is at least this; 0 if nothing is known.
        high: It is at most this; infinite if nothing is known.
    """

    low: float
    high: float

    @property
    def number(self) -> float | None:
        """The ratio or bound to compare with `LONGER`; None if that is undecided."""
        if self.low >= FACTOR:
            return self.low
        return self.high if self.high < FACTOR else None

    @property
    def bound(self) -> str:
        """What is known of the ratio, in words; empty if it is known."""
        if self.low == self.high:
            return ""
        if self.high < inf:
            return f"{self.low:.2f} to {self.high:.2f}" if self.low > 0 else f"at most {self.high:.2f}"
        return f"at least {self.low:.2f}" if self.low > 0 else "unknown"


def ratio_of(longer: "pd.Series[Any]", other: "pd.Series[Any]") -> Ratio:
    """Divide one plateau by another.

    Args:
        longer: Row with `plateau` and `ended`.
        other: Row with the same columns.
    """
    ratio = float(longer["plateau"] / other["plateau"])
    return Ratio(ratio if other["ended"] else 0.0, ratio if longer["ended"] else inf)


def median_of(ratios: Sequence[Ratio]) -> Ratio:
    """Compute the median, as far as it is known.

    Args:
        ratios: The ratios; of none, nothing is known.
    """
    if not ratios:
        return Ratio(0.0, inf)
    return Ratio(*(float(np.median(ends)) for ends in zip(*ratios, strict=True)))


def steps_of(row: "pd.Series[Any]") -> str:
    """Write the length of a plateau, with > if it did not end.

    Args:
        row: Row with `plateau` and `ended`.
    """
    return f"{'' if row['ended'] else '> '}{row['plateau']:.0f}"
