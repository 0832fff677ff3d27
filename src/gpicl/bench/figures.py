"""Measured figures: one beside its limit, all of a benchmark in a file, two benchmarks side by side."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, NamedTuple

from gpicl.errors import ConfigError
from gpicl.files import write_atomically

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


_VERSION = 1


@dataclass
class Results:
    """What a benchmark has measured.

    Attributes:
        scale: Sizes of the work.
        precision: Precision of the learners' products.
        machine: What decides how fast everything is.
        version: Version of gpicl.
        command: What was typed.
        date: When it was begun.
        figures: The figures.
        notes: What was left out, and why.
    """

    scale: str
    precision: str
    machine: dict[str, Any]
    version: str
    command: str = ""
    date: str = field(default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="seconds"))
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write_results(results: Results, path: Path) -> None:
    """Write the file, whole or not at all.

    Args:
        results: What to write.
        path: Where to.
    """
    content = {"format": _VERSION, **asdict(results)}
    for told, figure in zip(content["figures"], results.figures, strict=True):
        told["share"], told["per_second"] = figure.share, figure.per_second
    text = json.dumps(content, indent=1) + "\n"
    write_atomically(path, lambda part: part.write_text(text))


def read_results(path: Path) -> Results:
    """Read a file that an earlier benchmark has written.

    Args:
        path: The file.

    Raises:
        ConfigError: If there is none, or it is not one of ours.
    """
    remedy = "Give the file that an earlier gpicl bench wrote with --output."
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"Cannot read the results {path}: {error.strerror or error}. {remedy}") from error
    except ValueError as error:
        raise ConfigError(f"The results {path} are damaged: no JSON ({error}). {remedy}") from error
    try:
        if content.pop("format") != _VERSION:
            raise ConfigError(f"The results {path} are of another version of gpicl. Measure them again.")
        for told in content["figures"]:
            del told["share"], told["per_second"]
        return Results(**{**content, "figures": [Figure(**told) for told in content["figures"]]})
    except (TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{path} holds no results of gpicl bench. {remedy}") from error


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
