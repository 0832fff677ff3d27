"""Measuring in turns, and counting operations."""

import pytest
import torch

from gpicl.bench.timing import Session, figure_of, step_flops
from gpicl.learners import build_learner


@pytest.fixture
def session():
    return Session("smoke", torch.device("cpu"), "fp32")


def test_everything_is_measured_once_a_round_after_a_first_run_that_is_not_counted(session):
    session.scale = session.scale._replace(rounds=(3, 9), seconds=0.0)
    order = []
    works = {("a", "eager"): lambda: order.append("a"), ("b", "eager"): lambda: order.append("b")}
    figures = session.measure("g", works, count=2, of="letters")
    assert order == ["a", "b"] * 4
    assert [(f.name, f.repeats, f.count, f.of) for f in figures] == [("a", 3, 2, "letters"), ("b", 3, 2, "letters")]


def test_there_are_as_many_rounds_as_fit_into_the_time_and_no_more_than_the_most(session):
    session.scale = session.scale._replace(rounds=(2, 5), seconds=3600.0)
    (figure,) = session.measure("g", {("a", "eager"): lambda: None})
    assert figure.repeats == 5


def test_the_share_of_the_peak_is_that_of_the_same_rounds(session, monkeypatch):
    """The machine becomes three times slower between two measurements, which changes no share."""
    _, peak_flops = session._peaks["fp32"]
    shares = []
    for seconds in (1.0, 3.0):
        monkeypatch.setattr(session, "seconds", lambda work, taken=seconds: taken)
        (figure,) = session.measure("g", {("product", "eager"): lambda: None}, flops=peak_flops / 4)
        shares.append(figure.peak_share)
    assert shares == pytest.approx([0.25, 0.25])


def test_a_figure_is_the_median_and_the_quartiles():
    figure = figure_of("g", "n", [0.004, 0.001, 0.003, 0.002, 0.005])
    assert (figure.milliseconds, figure.low, figure.high, figure.repeats) == (3.0, 2.0, 4.0, 5)
    assert figure.per_second is None


def test_a_transformers_step_is_counted_forward_and_twice_backward():
    layers, width, heads, key_size, length, batch = 2, 16, 2, 4, 6, 3
    learner = build_learner("TokenTransformer", 5, 3, layers=layers, width=width, heads=heads, key_size=key_size)
    inner = heads * key_size
    block = 4 * width * inner + 8 * width * width
    linear = 2 * length * (layers * block + width * 3)
    embedding = 2 * length * (5 + 3) * width
    attention = layers * heads * 4 * length * length * key_size
    # The gradient by the inputs is not computed.
    assert step_flops(learner, batch, length) == batch * (2 * embedding + 3 * (linear + attention))
    assert all(p.grad is None for p in learner.parameters())
