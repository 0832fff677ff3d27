"""Timing work, alternating with the device's peak rates: matrix products and memory."""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from gpicl.learners import Learner
from gpicl.metatraining.loss import all_position_loss
from gpicl.runtime import freed_memory_kept, lightning_precision, multiplies_in_bf16

Work = Callable[[], object]
# If a learner's step depends on its number, the same step is timed and counted.
FIRST_STEP = 0
_DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
# For the peak rates: rows of the square matrices, and numbers that are copied in memory.
_PEAK_SIZES = {"cpu": (2048, 2**25), "cuda": (8192, 2**28)}
_SMALL_PEAKS = (64, 2**16)


@dataclass(frozen=True)
class Figure:
    """A median time.

    Attributes:
        group: Group of the figure.
        name: Name of the timed work.
        mode: `eager` (one operation at a time) or `graph` (all of it as one CUDA graph).
        milliseconds: Median.
        low: First quartile.
        high: Third quartile.
        repeats: Number of measurements.
        count: Number of items processed in that time; 0 if there is nothing to count.
        of: Name of the items, in the plural.
        flops: Multiplications and additions in matrix products; 0 if they were not counted.
        peak_share: Share of the device's peak rate of matrix products, 0..1; None if `flops` were not counted.
    """

    group: str
    name: str
    mode: Literal["eager", "graph"]
    milliseconds: float
    low: float
    high: float
    repeats: int
    count: int = 0
    of: str = ""
    flops: float = 0.0
    peak_share: float | None = None

    @property
    def per_second(self) -> float | None:
        """Items processed per second."""
        return 1e3 * self.count / self.milliseconds if self.count else None


class Scale(NamedTuple):
    """Sizes of the work, and how often it is repeated.

    Attributes:
        rounds: Fewest and most measurements of each figure.
        seconds: Time after which measuring stops, once the fewest measurements are made.
        steps: Steps of a short meta-training on a CPU and on a GPU; the second half is timed.
        learners: How many learners are meta-trained.
        batch: Episodes per step.
        length: Examples per episode.
        images: Size and channels of the images.
        transformer: Options of the token and the value Transformer.
        wide: Options of a wider token Transformer.
        examples: Examples of the classifier.
        queries: Queries of the classifier.
    """

    rounds: tuple[int, int]
    seconds: float
    steps: tuple[int, int]
    learners: int
    batch: int
    length: int
    images: tuple[tuple[int, int], ...]
    transformer: dict[str, Any]
    wide: dict[str, Any]
    examples: int
    queries: int


SCALES = {
    "full": Scale(
        rounds=(5, 15),
        seconds=3.0,
        steps=(9, 601),
        learners=99,
        batch=64,
        length=100,
        images=((14, 1), (28, 1), (32, 3)),
        transformer={"layers": 4, "width": 128, "heads": 4, "key_size": 32},
        wide={"layers": 4, "width": 256, "heads": 8, "key_size": 32},
        examples=100,
        queries=10_000,
    ),
    "smoke": Scale(
        rounds=(1, 1),
        seconds=0.0,
        steps=(4, 12),
        learners=1,
        batch=2,
        length=8,
        images=((4, 1), (4, 3)),
        transformer={"layers": 1, "width": 16, "heads": 2, "key_size": 8},
        wide={"layers": 1, "width": 32, "heads": 4, "key_size": 8},
        examples=20,
        queries=50,
    ),
}
"""Sizes by name: `full`, and `smoke`, which only checks that everything runs."""


class Session:
    """Measures work on a device.

    Args:
        scale: One of `SCALES`.
        device: Device to measure.
        precision: See `TrainingConfig.precision`.

    Attributes:
        kind: Precision of the learners' products, `bf16` or `fp32`.
    """

    def __init__(self, scale: str, device: torch.device, precision: Literal["auto", "bf16", "fp32"] = "auto") -> None:
        self.scale, self.device = SCALES[scale], device
        self.kind: Literal["bf16", "fp32"] = (
            "bf16" if lightning_precision(precision, device) == "bf16-mixed" else "fp32"
        )
        size, numbers = _SMALL_PEAKS if scale == "smoke" else _PEAK_SIZES[device.type]
        self._peaks: dict[str, tuple[Work, float]] = {}
        for kind, dtype in _DTYPES.items():
            if kind != "bf16" or multiplies_in_bf16(device):
                matrix = torch.randn(size, size, device=device).to(dtype)
                product = torch.empty_like(matrix)
                self._peaks[kind] = partial(torch.mm, matrix, matrix, out=product), 2.0 * size**3
        source = torch.zeros(numbers, device=device)
        self._peaks["memory"] = partial(torch.mul, source, 2.0, out=torch.empty_like(source)), 8.0 * numbers
        self._rates: dict[str, list[float]] = defaultdict(list)

    @property
    def captures(self) -> bool:
        """Whether work can be captured as a CUDA graph."""
        return self.device.type == "cuda"

    def autocast(self) -> AbstractContextManager[object]:
        """Return the autocast context for a learner's forward pass."""
        # No cache: a graph would keep reading the weights that were rounded before it was captured.
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.kind == "bf16", cache_enabled=False)

    def peaks(self) -> dict[str, float]:
        """Return the device's median peak rates: products in FLOP/s by precision, `memory` in bytes/s."""
        return {name: statistics.median(rates) for name, rates in self._rates.items()}

    def measure(
        self,
        group: str,
        works: Mapping[tuple[str, Literal["eager", "graph"]], Work],
        count: int = 0,
        of: str = "",
        flops: float = 0.0,
        as_in_training: bool = True,
    ) -> list[Figure]:
        """Time several pieces of work in turns, and the device's peak rates in the same rounds.

        WHY in turns: the speed of a shared or warming machine changes from minute to minute, and so all are affected
        equally.

        Args:
            group: Name of the group.
            works: Work by name and mode.
            count: Number of items that each processes.
            of: Name of the items.
            flops: Operations in the matrix products of each.
            as_in_training: Whether to keep freed memory, as meta-training and meta-testing do.
        """
        seconds: dict[Any, list[float]] = {key: [] for key in works}
        rates: dict[str, list[float]] = {name: [] for name in self._peaks}
        least, most = self.scale.rounds
        with freed_memory_kept() if as_in_training else nullcontext():
            for work in [*works.values(), *(work for work, _ in self._peaks.values())]:
                self.seconds(work)  # the first time is not counted
            started = time.perf_counter()
            for done in range(most):
                if done >= least and time.perf_counter() - started > self.scale.seconds:
                    break
                for name, (work, amount) in self._peaks.items():
                    rates[name].append(amount / self.seconds(work))
                for key, work in works.items():
                    seconds[key].append(self.seconds(work))
        for name, values in rates.items():
            self._rates[name] += values
        peak = statistics.median(rates[self.kind if self.kind in rates else "fp32"])
        figures = []
        for (name, mode), taken in seconds.items():
            share = flops / statistics.median(taken) / peak if flops else None
            figures.append(figure_of(group, name, taken, mode, count, of, flops, share))
        return figures

    def seconds(self, work: Work) -> float:
        """Time work once, from an idle device until it is idle again."""
        self.wait()
        started = time.perf_counter()
        work()
        self.wait()
        return time.perf_counter() - started

    def wait(self) -> None:
        """Wait until the device is idle."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def figure_of(
    group: str,
    name: str,
    seconds: list[float],
    mode: Literal["eager", "graph"] = "eager",
    count: int = 0,
    of: str = "",
    flops: float = 0.0,
    peak_share: float | None = None,
) -> Figure:
    """Return a `Figure` with the median and the quartiles of measured seconds."""
    low, middle, high = statistics.quantiles(seconds, n=4, method="inclusive") if len(seconds) > 1 else seconds * 3
    return Figure(group, name, mode, 1e3 * middle, 1e3 * low, 1e3 * high, len(seconds), count, of, flops, peak_share)


def step_flops(learner: Learner, batch: int, length: int) -> float:
    """Count the operations in the matrix products of a training step: forward, backward and recomputation.

    WHY with one episode: products are per episode, and counting many small ones is slow.

    Args:
        learner: The learner, on the CPU, where attention uses plain products, all of which are counted.
        batch: Episodes B per step.
        length: Examples T per episode.
    """
    inputs = torch.randn(1, length, learner.num_features)
    labels = torch.zeros(1, length, dtype=torch.long)
    with FlopCounterMode(display=False) as counter:
        all_position_loss(*learner.training_logits(inputs, labels, FIRST_STEP)).backward()
    learner.zero_grad()
    return batch * float(counter.get_total_flops())
