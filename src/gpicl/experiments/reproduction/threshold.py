"""Thresholds on a grid: where a change lies if only some values were tried."""

from collections.abc import Callable, Iterable
from math import inf
from typing import NamedTuple

from gpicl.experiments.reproduction.finding import Reference

THRESHOLD_RULE = (
    "The change lies somewhere above the value of the grid before that one; the number is the possible value nearest "
    "to the paper's, and there is none if the grid ends too early, or begins too late, to decide."
)
"""How `Threshold.possible` is compared with the paper, for the rule of a `Finding`."""


class Range(NamedTuple):
    """All values that are possible.

    Attributes:
        low: The smallest.
        high: The largest.
        ends: Whether the grid determines both ends.
    """

    low: float
    high: float
    ends: bool

    def nearest(self, reference: Reference | None) -> float | None:
        """Find the possible value nearest to the paper's number.

        Args:
            reference: The paper's number.

        Returns:
            The value; it agrees with the paper if some possible value does. None if there is nothing to compare with,
            or if some possible values agree, others do not, and an end is open.
        """
        if reference is None:
            return None
        nearest = float(min(max(reference.value, self.low), self.high))
        all_agree = reference.agrees(self.low) and reference.agrees(self.high)
        return nearest if self.ends or all_agree or not reference.agrees(nearest) else None


class Threshold(NamedTuple):
    """Where a change lies on a grid of whole numbers.

    Attributes:
        before: Last value before the change; 0 if there is none.
        after: First value after it; infinite if there is none.
    """

    before: float
    after: float

    @property
    def inside(self) -> bool:
        """Whether the grid has values before and after the change. There is none below 1."""
        return (self.before > 0 or self.after == 1) and self.after < inf

    @property
    def possible(self) -> Range:
        """All values at which the change may lie."""
        return Range(self.before + 1, self.after, self.inside)

    def text(self, form: Callable[[float], str]) -> str:
        """Write where the change lies.

        Args:
            form: Formats a number.
        """
        if self.after == inf and not self.before:
            return "unknown"
        if self.after == inf:
            return f"above {form(self.before)}, beyond the grid"
        if not self.before:
            return form(self.after) if self.inside else f"at most {form(self.after)}, where the grid begins"
        return f"above {form(self.before)}, at most {form(self.after)}"


def threshold_at(after: float, values: Iterable[int]) -> Threshold:
    """Make the threshold of a change.

    Args:
        after: First value after the change; infinite if there is none.
        values: All values of the grid.
    """
    return Threshold(float(max((value for value in values if value < after), default=0)), float(after))
