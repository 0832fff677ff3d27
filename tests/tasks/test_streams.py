"""A stream is a pure function of its numbers, however it is opened."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gpicl.tasks.streams import Purpose, brief_stream, stream

_counters = st.lists(st.integers(0, 2**63), max_size=3)


def _numbers(random):
    """Some of every kind, so that what a generator keeps back of its words for the next draw is drawn too."""
    return [
        random.random(),
        random.integers(0, 10, 3, dtype=np.uint32),
        random.standard_normal(3),
        random.permutation(7),
    ]


@given(st.integers(0, 2**64 - 1), st.sampled_from(Purpose), _counters, st.integers(0, 5))
def test_a_brief_stream_has_the_numbers_of_a_lasting_one(seed, purpose, counters, drawn_before):
    brief_stream(1, Purpose.TASK, 2).integers(0, 2, drawn_before, dtype=np.uint32)
    for a, b in zip(
        _numbers(brief_stream(seed, purpose, *counters)), _numbers(stream(seed, purpose, *counters)), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_threads_do_not_take_each_others_brief_streams():
    def draws(index):
        return [brief_stream(0, Purpose.TASK, index, n).standard_normal(50) for n in range(200)]

    with ThreadPoolExecutor(4) as pool:
        parallel = list(pool.map(draws, range(4)))
    for index, found in enumerate(parallel):
        expected = [stream(0, Purpose.TASK, index, n).standard_normal(50) for n in range(200)]
        np.testing.assert_array_equal(found, expected)
