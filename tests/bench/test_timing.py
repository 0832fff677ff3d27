"""Measuring in turn."""

import pytest

from gpicl.bench.figures import Figure, median_figure
from gpicl.bench.timing import interleaved, timed


def test_everything_is_measured_once_a_round_after_a_first_run_that_is_not_counted():
    order = []

    def sampler(name):
        def sample():
            order.append(name)
            return [float(len(order))]

        return sample

    samples = interleaved({"a": sampler("a"), "b": sampler("b")}, seconds=0.0, least=3, most=9)
    assert order == ["a", "b"] * 4
    assert samples == {"a": [3.0, 5.0, 7.0], "b": [4.0, 6.0, 8.0]}


def test_there_are_as_many_rounds_as_fit_into_the_time_and_no_more_than_asked_for():
    assert len(interleaved({"a": lambda: [1.0]}, seconds=60.0, least=2, most=5)["a"]) == 5


def test_progress_rises_to_one():
    told = []
    interleaved({"a": lambda: [1.0]}, seconds=60.0, least=2, most=4, on_progress=told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_short_work_is_done_several_times_a_round_and_warmed_up_first():
    done = []
    assert len(timed(lambda: done.append(0), times=5)()) == 5
    assert len(done) == 6


def test_a_figure_is_the_median_and_the_quartiles():
    figure = median_figure("g", "n", [4.0, 1.0, 3.0, 2.0, 5.0], "ms", limit=1.5, count=6, of="tokens")
    assert (figure.value, figure.low, figure.high, figure.repeats) == (3.0, 2.0, 4.0, 5)
    assert figure.share == 0.5, "a time of twice the limit is half as good as it could be"
    assert figure.per_second == pytest.approx(2000.0)


def test_memory_is_a_part_of_what_there_is():
    assert Figure("g", "n", 25.0, 25.0, 25.0, "MiB", 1, limit=100.0).share == 0.25
