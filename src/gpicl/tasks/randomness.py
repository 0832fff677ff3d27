"""Random numbers as a pure function of (seed, purpose, id, counter), for a whole batch at once and on any device.

WHY counters instead of a stateful generator: an episode must be the same whether it is made alone, in a batch of a
million, on another worker, on a GPU or after a restart. Philox (Salmon et al. 2011) gives every (id, draw) its own
stream at no cost. The words come from NumPy's Philox in C on a CPU and from the same rounds in Triton on a GPU, and are
bit-identical. So are the normals: they are looked up in a table of quantiles, because libraries disagree on the last
bit of a logarithm or a cosine.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache, lru_cache, partial
from threading import local
from typing import Literal, TypeAlias

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt64
from scipy.stats import norm
from torch import Tensor

from gpicl.tasks import philox

Per: TypeAlias = Literal["task", "episode"]
"""What random numbers belong to: `task`, the same for all episodes of a task; `episode`, different for each draw."""

_LEVELS = 2**16
_LARGEST = 2**63 - 1
# Draw on a CPU without NumPy, as on other devices; for tests.
_WITHOUT_NUMPY = False
_of_thread = local()


class Stream(IntEnum):
    """Kind of task ids. Tasks of different streams never share random numbers."""

    NAMED = 0
    FRESH = 1
    UNSEEN = 2


@dataclass(frozen=True)
class Numbers:
    """The random numbers of B episodes.

    Attributes:
        seed: Seed of the distribution, 0..2^64-1.
        stream: Kind of ids that `tasks` are.
        tasks: Task id of every episode, 0..2^63-1. Numbers are drawn on this tensor's device.
        draws: Number of each episode within its task, 0..2^63-1.
    """

    seed: int
    stream: Stream
    tasks: Int64[Tensor, " B"]
    draws: Int64[Tensor, " B"]

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, rows: "Tensor | slice") -> "Numbers":
        """Select the numbers of some of the episodes."""
        return replace(self, tasks=self.tasks[rows], draws=self.draws[rows])

    def words(self, purpose: str, count: int, per: Per = "task") -> Int64[Tensor, "B {count}"]:
        """Draw 64-bit words. A larger count begins with the same words.

        Args:
            purpose: What the words are for; every purpose has its own stream.
            count: Number of words for each episode.
            per: `task`: the same for all episodes of a task; `episode`: different for each draw.
        """
        return self._drawn(purpose, count, per, normal=False)

    def integers(
        self, below: "int | Int64[Tensor, '*B']", purpose: str, count: int, per: Per = "task"
    ) -> Int64[Tensor, "B {count}"]:
        """Draw uniform integers from 0 to `below - 1`. The bias of the remainder is less than `below / 2^63`.

        Args:
            below: Exclusive upper limit; one for all, or one for each episode.
            purpose: See `words`.
            count: See `words`.
            per: See `words`.
        """
        drawn = self.words(purpose, count, per) & _LARGEST
        return drawn if isinstance(below, int) and below > _LARGEST else drawn % below

    def uniforms(self, purpose: str, count: int, per: Per = "task") -> Float32[Tensor, "B {count}"]:
        """Draw multiples of 2^-24, uniform in [0, 1). See `words` for the arguments."""
        halves = self.words(purpose, -(-count // 2), per).view(torch.int32)[:, :count]
        return ((halves >> 8) & 0xFFFFFF).float().mul_(2.0**-24)

    def normals(self, purpose: str, *shape: int, per: Per = "task") -> Float32[Tensor, "B *shape"]:
        """Draw standard normals, each one of 65,536 quantiles up to 4.39. See `words` for the arguments.

        The mean is exactly 0, the variance exactly 1, and the fourth moment 2.9998.
        """
        count = int(np.prod(shape))
        return self._drawn(purpose, count, per, normal=True).view(len(self), *shape)

    def permutations(self, purpose: str, width: int) -> Int64[Tensor, "B {width}"]:
        """Draw a uniform permutation of 0..width-1 for every task."""
        return self.words(purpose, width).sort(dim=1, stable=True).indices

    def coins(self, purpose: str, probability: "float | Tensor", per: Per = "task") -> Tensor:
        """Toss a coin for every task or episode, [B] booleans.

        WHY compared in float32: the result is then the same on every device.

        Args:
            purpose: See `words`.
            probability: Probability of True. Raising it turns some False to True, and never True to False.
            per: See `words`.
        """
        if not isinstance(probability, Tensor):
            probability = float(np.float32(probability))
        tossed: Bool[Tensor, " B"] = self.uniforms(purpose, 1, per)[:, 0] < probability
        return tossed

    def _drawn(self, purpose: str, count: int, per: str, normal: bool) -> Tensor:
        device, key = self.tasks.device, (self.seed, _purpose_key(purpose))
        draws = self.draws + 1 if per == "episode" else None
        if device.type == "cpu" and not _WITHOUT_NUMPY:
            return _with_numpy(key, self.tasks, draws, int(self.stream), count, normal)
        table = _table_on(device) if normal else None
        return philox.draw(key, self.tasks, draws, int(self.stream), count, table)


def as_ids(numbers: Sequence[int], device: torch.device) -> Int64[Tensor, " B"]:
    """Return ids or draws as a tensor; a range is created on the device rather than copied to it.

    Args:
        numbers: Ids or draws, each 0..2^63-1.
        device: Device of the tensor.
    """
    if isinstance(numbers, range) and numbers.step == 1:
        return torch.arange(numbers.start, numbers.stop, device=device)
    return torch.tensor(list(numbers), dtype=torch.int64).to(device, non_blocking=True)


@lru_cache
def _purpose_key(purpose: str) -> int:
    return int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little")


@cache
def quantiles() -> Float32[np.ndarray, "65536"]:
    """Return the means of the standard normal between its 65,536-quantiles, scaled to variance one."""
    edges = norm.ppf(np.arange(_LEVELS + 1) / _LEVELS)
    density = norm.pdf(edges)
    means = _LEVELS * (density[:-1] - density[1:])
    means = (means - means[::-1]) / 2  # symmetric to the bit
    return (means / np.sqrt(np.square(means).mean())).astype(np.float32)


@lru_cache
def _table_on(device: torch.device) -> Float32[Tensor, "65536"]:
    return torch.from_numpy(quantiles()).to(device)


def _with_numpy(
    key: tuple[int, int], tasks: Tensor, draws: Tensor | None, stream: int, count: int, normal: bool
) -> Tensor:
    """Draw on the CPU, one episode at a time, with as many threads as PyTorch uses."""
    ids = tasks.tolist()
    second = [0] * len(ids) if draws is None else draws.tolist()
    words = np.empty((len(ids), -(-count // 4) if normal else count), np.uint64)
    out = np.empty((len(ids), count), np.float32) if normal else words.view(np.int64)

    at_once = words.size < _WORTH_THREADS
    workers = 1 if at_once else min(torch.get_num_threads(), len(ids))
    numbers = out if normal and not at_once else None
    draw = partial(_draw_rows, key, ids, second, stream, words, numbers)
    if workers <= 1:
        draw(range(len(ids)))
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda first: draw(range(first, len(ids), workers)), range(workers)))
    if normal and at_once:
        np.take(quantiles(), words.view(np.uint16)[:, :count], out=out, mode="clip")
    return torch.from_numpy(out)


def _draw_rows(
    key: tuple[int, int],
    ids: list[int],
    draws: list[int],
    stream: int,
    words: np.ndarray,
    normals: np.ndarray | None,
    rows: range,
) -> None:
    """Fill some rows of `words`, and of `normals` unless that is None."""
    for row in rows:
        words[row] = _numpy_words(key, ids[row], draws[row] % 2**64, stream, words.shape[1])
        if normals is not None:
            bits = words[row].view(np.uint16)[: normals.shape[1]]
            np.take(quantiles(), bits, out=normals[row], mode="clip")


# Below this number of words, starting threads costs more than it saves.
_WORTH_THREADS = 50_000


def _numpy_words(key: tuple[int, int], task: int, draw: int, stream: int, count: int) -> UInt64[np.ndarray, "{count}"]:
    # Creating a generator takes 8 us, most of it for a state that is then overwritten; resetting one takes 2 us.
    generator = getattr(_of_thread, "generator", None)
    if generator is None:
        generator = _of_thread.generator = np.random.Philox(0)
        _of_thread.state = generator.state  # the state before the first draw
    state = _of_thread.state
    state["state"]["key"][:] = key
    state["state"]["counter"][:] = (0, task, draw, stream)
    generator.state = state
    return np.asarray(generator.random_raw(count), dtype=np.uint64)
