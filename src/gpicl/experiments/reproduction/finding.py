"""Findings: what a table shows, and whether it agrees with the paper."""

from collections.abc import Callable
from math import inf, isinf, isnan, log2, nan
from typing import NamedTuple


def plain(value: float) -> str:
    """Format a number with three digits."""
    return "beyond the grid" if value == inf else f"{value:.3g}"


def percent(value: float) -> str:
    """Format a share in per cent."""
    return f"{value:.1%}"


def points(value: float) -> str:
    """Format 1 + a difference of shares as the difference in points."""
    return f"{100 * (value - 1):+.2f} points"


def clear(low: float, high: float) -> float | None:
    """Reduce the interval of a difference to the number that is compared with `Reference(1.0, 1.0, inf, points)`.

    Args:
        low: Lower end, as a share.
        high: Upper end, as a share.

    Returns:
        1 + the end that is nearer to zero; None if the interval holds zero, so that there is no verdict.
    """
    if low <= 0 <= high:
        return None
    return 1 + (low if low > 0 else high)


def power_of_two(value: float) -> str:
    """Format a number as a power of two."""
    return "beyond the grid" if value == inf else f"2^{log2(value):.3g}"


def times(number: float, other: float) -> float:
    """`number` divided by `other`; NaN if `other` is 0."""
    return float(number / other) if other else nan


class Reference(NamedTuple):
    """A number of the paper, and the ratios to it that count as agreement.

    Attributes:
        value: The paper's number, not 0. If the paper only gives a direction, use 1 and compare a ratio of ours, or
            1 + a difference with the form `points`.
        lowest: Smallest ratio of our number to the paper's that agrees.
        highest: Largest ratio that agrees; infinite for no upper limit.
        form: Formats the number.
    """

    value: float
    lowest: float
    highest: float
    form: Callable[[float], str] = plain

    def ratio(self, ours: float) -> float:
        """Divide our number by the paper's."""
        return ours / self.value

    def agrees(self, ours: float) -> bool:
        """Whether the ratio is within the limits."""
        return self.lowest <= self.ratio(ours) <= self.highest

    @property
    def accepted(self) -> str:
        """The ratios that agree, in words."""
        if self.form is points:
            return f"at least {points(self.lowest)}"
        if self.highest == inf:
            return f"at least {self.lowest:.4g}"
        return f"{self.lowest:.4g} to {self.highest:.4g}"


class Finding(NamedTuple):
    """One statement about a table, computed from it.

    Attributes:
        question: The question.
        found: The answer that the table gives.
        rule: How the answer was computed, so that it can be checked.
        paper: What the paper says; empty if it says nothing.
        ours: Our number, which is compared with `reference`; infinite if it is beyond the grid; None or NaN if the
            table does not determine it.
        reference: The paper's number; None if there is nothing to compare with, and so no verdict.
    """

    question: str
    found: str
    rule: str
    paper: str = ""
    ours: float | None = None
    reference: Reference | None = None

    @property
    def agrees(self) -> bool | None:
        """Whether our number agrees with `reference`; None if they cannot be compared."""
        if self.reference is None or self.ours is None or isnan(self.ours):
            return None
        return self.reference.agrees(self.ours)

    def row(self) -> list[str]:
        """The finding as cells of a table; see `COLUMNS`."""
        reference, verdict = self.reference, {True: "yes", False: "**no**", None: ""}[self.agrees]
        if reference is None:
            return [self.question, self.found, self.paper, "", "", "", "", verdict]
        ours, ratio = "unknown", ""
        if self.ours is not None and not isnan(self.ours):
            ours = reference.form(self.ours)
            ratio = "" if isinf(self.ours) or reference.form is points else f"{reference.ratio(self.ours):.2g}"
        numbers = [ours, reference.form(float(reference.value)), ratio, reference.accepted]
        return [self.question, self.found, self.paper, *numbers, verdict]


COLUMNS = ["question", "found", "the paper says", "ours", "the paper's", "ratio", "accepted", "agrees"]
