"""From pieces of work to figures beside their limits."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from gpicl.bench.figure import Figure, median_figure
from gpicl.bench.limits import Demand, LimitSamplers
from gpicl.bench.setting import Setting
from gpicl.bench.timing import Progress, Sampler, Samples, interleaved
from gpicl.runtime import freed_memory_kept


@dataclass(frozen=True)
class Entry:
    """Work whose time is wanted.

    Attributes:
        name: What the figure is called.
        sampler: Gives seconds.
        demand: What the work needs at least; None where there is no such figure.
        count: How many things it does; 0 where there are none to count.
        of: Their name.
    """

    name: str
    sampler: Sampler
    demand: Demand | None = None
    count: int = 0
    of: str = ""


def measure_entries(
    group: str, entries: Sequence[Entry], setting: Setting, on_progress: Progress, as_in_training: bool = True
) -> tuple[list[Figure], Samples]:
    """Measure work and the machine's limits in the same rounds.

    Args:
        group: Name of the group.
        entries: The work.
        setting: Says the sizes and the time.
        on_progress: Told how far it is.
        as_in_training: Keep freed memory, as meta-training and meta-testing do; other people's work gains by it too.

    Returns:
        The limits and then a figure for every entry; and what was measured, in seconds, by the entry's name.
    """
    scale = setting.scale
    limit_samplers = LimitSamplers(scale.matrix, scale.numbers)
    samplers = {**limit_samplers.samplers, **{entry.name: entry.sampler for entry in entries}}
    with freed_memory_kept() if as_in_training else nullcontext():
        samples = interleaved(samplers, scale.seconds, scale.least, scale.most, on_progress)
    limits = limit_samplers.limits(samples)
    figures = limit_samplers.figures(group, samples)
    for entry in entries:
        milliseconds = [1e3 * seconds for seconds in samples[entry.name]]
        least, limited_by = (None, "") if entry.demand is None else limits.seconds(entry.demand)
        figures.append(
            median_figure(
                group,
                entry.name,
                milliseconds,
                "ms",
                limit=None if least is None else 1e3 * least,
                limited_by=limited_by,
                count=entry.count,
                of=entry.of,
            )
        )
    return figures, samples


def times_as_fast(group: str, name: str, ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Say how many times as fast as somebody else's work ours is.

    Args:
        group: Name of the group.
        name: What the figure is called.
        ours: Our seconds,
        theirs: and theirs, of the same rounds, so that each ratio is of one round.
    """
    return median_figure(group, name, [b / a for a, b in zip(ours, theirs, strict=True)], "x")
