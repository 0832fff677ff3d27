"""One measured figure, and how it is told."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["ms", "MiB", "x", "%", "GFLOP/s", "GB/s", "M/s"]

RATES = ("GFLOP/s", "GB/s", "M/s")
"""Units of the machine's own rates, which are the limits of all else."""

_LOWER_IS_BETTER = ("ms", "MiB", "%")


@dataclass(frozen=True)
class Figure:
    """A median beside its limit.

    Attributes:
        group: Group of figures that it belongs to.
        name: What was measured.
        value: Median, in `unit`.
        low: First quartile.
        high: Third quartile.
        unit: `ms` and `MiB` are what work took; `x` is how many times as fast we are as somebody else; `%` is a part
            of something else's time; the rest are rates of the machine.
        repeats: How many measurements the median is of.
        limit: What the machine could do at best, in `unit`; None where there is no such thing.
        limited_by: What that limit is.
        count: How many things were done in that time; 0 where there are none to count.
        of: Their name, in the plural.
    """

    group: str
    name: str
    value: float
    low: float
    high: float
    unit: Unit
    repeats: int
    limit: float | None = None
    limited_by: str = ""
    count: int = 0
    of: str = ""

    @property
    def share(self) -> float | None:
        """How near the limit is, 0..1: a time of twice the limit is at 0.5, and so is half of the memory there is."""
        if not self.limit or not self.value:
            return None
        return self.limit / self.value if self.unit == "ms" else self.value / self.limit

    @property
    def per_second(self) -> float | None:
        """Things done a second, where there are any to count."""
        return 1e3 * self.count / self.value if self.count and self.unit == "ms" else None

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller value is the better one."""
        return self.unit in _LOWER_IS_BETTER


def median_figure(group: str, name: str, samples: Sequence[float], unit: Unit, **more: object) -> Figure:
    """Take the median of samples and their quartiles.

    Args:
        group: See `Figure`.
        name: See `Figure`.
        samples: Measurements, in `unit`.
        unit: See `Figure`.
        more: Whatever else a `Figure` has.
    """
    low, _, high = statistics.quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else [samples[0]] * 3
    return Figure(group, name, statistics.median(samples), low, high, unit, len(samples), **more)  # type: ignore[arg-type]
