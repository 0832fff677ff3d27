"""Two benchmarks side by side."""

from typing import NamedTuple

from gpicl.bench.figure import Figure
from gpicl.bench.results import Results
from gpicl.errors import ConfigError


class Change(NamedTuple):
    """A figure before and now.

    Attributes:
        before: The earlier figure.
        now: The later one.
    """

    before: Figure
    now: Figure

    @property
    def gain(self) -> float:
        """How many times as good it has become; below one it is worse."""
        if self.now.lower_is_better:
            return self.before.value / self.now.value
        return self.now.value / self.before.value

    @property
    def clear(self) -> bool:
        """Whether the middle halves of the measurements do not touch, so that it is hardly chance."""
        return self.now.low > self.before.high or self.now.high < self.before.low


def check_comparable(before: Results, scale: str, precision: str) -> None:
    """Refuse to compare what was not the same work; before hours are spent on measuring.

    Args:
        before: The earlier results.
        scale: Scale of those to come.
        precision: Precision of those to come.

    Raises:
        ConfigError: If they differ.
    """
    for name, old, new in (("scale", before.scale, scale), ("precision", before.precision, precision)):
        if old != new:
            raise ConfigError(
                f"The earlier results have the {name} {old}, these would have {new}: the work is not the same. "
                f"Give --{name} {old}, or compare with other results."
            )


def compare(before: Results, now: Results) -> list[Change]:
    """Pair the figures of the same name, in the order of the later ones.

    Args:
        before: The earlier results.
        now: The later results.
    """
    earlier = {(figure.group, figure.name, figure.unit): figure for figure in before.figures}
    return [
        Change(earlier[key], figure)
        for figure in now.figures
        if (key := (figure.group, figure.name, figure.unit)) in earlier
    ]
