"""What the machine does at best (products, memory, random numbers), and work measured beside it."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch

from gpicl.bench.figures import Figure, Unit, median_figure
from gpicl.bench.setting import Setting
from gpicl.bench.timing import Progress, Sampler, Samples, interleaved, timed
from gpicl.runtime import freed_memory_kept, multiplies_in_bf16
from gpicl.tasks.randomness import Numbers, Stream

_PREFIX = "limit: "
_DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32, "fp64": torch.float64}


class Demand(NamedTuple):
    """What a piece of work needs, however well it is written.

    Attributes:
        flops: Operations in matrix products, by `bf16`, `fp32` and `fp64`.
        normals: Normal random numbers.
        traffic: Bytes to and from memory.
    """

    flops: Mapping[str, float] = {}  # never changed
    normals: float = 0.0
    traffic: float = 0.0


class Limits(NamedTuple):
    """Rates of the machine, per second, all threads together.

    Attributes:
        gemm: Operations in matrix products by precision; without bf16 where the machine does not multiply in it.
        bandwidth: Bytes read and written.
        normals: Normals drawn by PyTorch's generator, one generator per thread.
    """

    gemm: dict[str, float]
    bandwidth: float
    normals: float

    def seconds(self, demand: Demand) -> tuple[float, str]:
        """Give the least time that work can take, and what takes it.

        Products and random numbers use the same cores, so their times add up; memory works beside them.

        Args:
            demand: What the work needs.
        """
        parts = {f"{kind} GEMM": flops / self.gemm[kind] for kind, flops in demand.flops.items() if flops}
        if demand.normals:
            parts["normals"] = demand.normals / self.normals
        computing, moving = sum(parts.values()), demand.traffic / self.bandwidth
        if moving >= computing:
            return moving, "memory"
        # Named after what takes most, and what takes a tenth or more beside it.
        names = [name for name in sorted(parts, key=lambda n: -parts[n]) if parts[name] >= computing / 10]
        return computing, " + ".join(names)


class LimitSamplers:
    """Measures the limits in the same rounds as the work that is held against them.

    Args:
        size: Rows and columns of the matrices.
        numbers: How many random numbers, and how many numbers in memory.
    """

    def __init__(self, size: int, numbers: int) -> None:
        device = torch.device("cpu")
        self._amounts: dict[str, float] = {}
        self.samplers: dict[str, Sampler] = {}
        for kind, dtype in _DTYPES.items():
            if kind != "bf16" or multiplies_in_bf16(device):
                matrix = torch.randn(size, size).to(dtype)
                self._add(kind, partial(torch.mm, matrix, matrix), 2.0 * size**3)
        source, target = torch.zeros(numbers), torch.empty(numbers)
        self._add("memory", lambda: torch.mul(source, 2.0, out=target), 8.0 * numbers)
        threads = torch.get_num_threads()
        rows = max(1, numbers // (16 * threads * 1000))
        tasks = torch.arange(threads, device=device)
        drawn = Numbers(0, Stream.FRESH, tasks, tasks)
        self._add("normals", lambda: drawn.normals("bench", rows, 1000), 1e3 * rows * threads)

    def _add(self, name: str, work: Callable[[], object], amount: float) -> None:
        self.samplers[_PREFIX + name] = timed(work)
        self._amounts[_PREFIX + name] = amount

    def limits(self, samples: Samples) -> Limits:
        """Read the limits off what was measured.

        Args:
            samples: Of these samplers, beside any others.
        """
        rate = {n.removeprefix(_PREFIX): a / statistics.median(samples[n]) for n, a in self._amounts.items()}
        return Limits({k: rate[k] for k in _DTYPES if k in rate}, rate["memory"], rate["normals"])

    def figures(self, group: str, samples: Samples) -> list[Figure]:
        """Give the limits as figures of their own.

        Args:
            group: The group that they were measured with.
            samples: See `limits`.
        """
        told: dict[str, tuple[str, Unit, float]] = {
            **{kind: (f"{kind} matrix product", "GFLOP/s", 1e9) for kind in _DTYPES},
            "memory": ("memory, read and written", "GB/s", 1e9),
            "normals": ("normal random numbers", "M/s", 1e6),
        }
        figures = []
        for key, amount in self._amounts.items():
            name, unit, scale = told[key.removeprefix(_PREFIX)]
            figures.append(median_figure(group, name, [amount / s / scale for s in samples[key]], unit))
        return figures


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
