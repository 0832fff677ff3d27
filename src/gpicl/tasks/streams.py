"""Random numbers as a pure function of (seed, purpose, id, draw).

WHY counters instead of one generator that is advanced: an episode must be the same whether it is asked for alone, in
a batch of a million, on another worker or after a restart. A counter-based generator gives every (id, draw) a stream
of its own at no cost, so there is no state that could be lost or fall out of step.
"""

from enum import IntEnum
from functools import lru_cache
from threading import local

import numpy as np
from jaxtyping import UInt64

_of_thread = local()


class Purpose(IntEnum):
    """What a stream is used for; streams of different purposes never share numbers."""

    TASK = 0
    EXAMPLES = 1
    CHOICE = 2
    FRESH_TASK = 3
    UNSEEN_TASK = 4
    SPECTRUM = 5
    REPETITION = 6
    VARIETY = 7
    VARIETY_EXAMPLES = 8
    LABEL_NOISE = 9
    INVENTION = 10
    MERGING = 11


def stream(seed: int, purpose: Purpose, *counters: int) -> np.random.Generator:
    """Open the generator that belongs to these numbers alone.

    Args:
        seed: The distribution's seed, 0..2^64-1.
        purpose: What the numbers are for.
        counters: At most three non-negative integers, such as the task id and the draw.
    """
    return np.random.Generator(
        np.random.Philox(key=np.array([seed, purpose], dtype=np.uint64), counter=_words(counters))
    )


def brief_stream(seed: int, purpose: Purpose, *counters: int) -> np.random.Generator:
    """Open the same generator as `stream`, until the thread opens its next brief one: draw from it at once.

    WHY: a new generator takes 8 us, most of it for a state that is then overwritten; moving one that is there takes 2,
    and an episode needs two of them.

    Args:
        seed: The distribution's seed, 0..2^64-1.
        purpose: What the numbers are for.
        counters: At most three non-negative integers, such as the task id and the draw.
    """
    generator = getattr(_of_thread, "generator", None)
    if generator is None:
        generator = _of_thread.generator = stream(0, Purpose.TASK)
        _of_thread.state = generator.bit_generator.state
    state = _of_thread.state  # as it was before anything was drawn, but for the key and the counter
    state["state"]["key"] = np.array([seed, purpose], dtype=np.uint64)
    state["state"]["counter"] = _words(counters)
    generator.bit_generator.state = state
    return generator


def _words(counters: tuple[int, ...]) -> UInt64[np.ndarray, "4"]:
    # The lowest counter word is the one that the generator itself counts up.
    words = np.zeros(4, dtype=np.uint64)
    words[1 : 1 + len(counters)] = counters
    return words


def normal_key(seed: int, purpose: Purpose, index: int) -> int:
    """Derive the 32-bit seed of the generator that draws a task's normals.

    WHY not hash freely to 64 bits: torch's CPU generator keeps 32 bits of its seed, so a hash of 2^24 tasks would give
    some of them, seen and unseen alike, the same projection. This map is one-to-one in `index` below 2^32.

    Args:
        seed: The distribution's seed.
        purpose: What the normals are for.
        index: Task id or draw.
    """
    key = (index + _offset(seed, purpose)) % 2**32
    for shift, multiplier in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        key = ((key ^ (key >> shift)) * multiplier) % 2**32
    return key ^ (key >> 16)


@lru_cache
def _offset(seed: int, purpose: Purpose) -> int:
    return int(stream(seed, purpose).integers(2**32))
