"""The machine's limits, and what work needs of them."""

import numpy as np
import pytest
import torch

from gpicl.bench.flops import count_flops, forward_flops, step_flops
from gpicl.bench.groups.tasks import batch_demand
from gpicl.bench.limits import Demand, Limits, LimitSamplers
from gpicl.bench.timing import interleaved
from gpicl.learners import build_learner
from gpicl.tasks import TaskAugmentor

LIMITS = Limits({"bf16": 100.0, "fp32": 10.0}, bandwidth=50.0, normals=20.0)


def test_products_and_normals_add_up_since_they_need_the_same_cores():
    assert LIMITS.seconds(Demand({"bf16": 100.0, "fp32": 40.0}, normals=20.0)) == (
        6.0,
        "fp32 GEMM + bf16 GEMM + normals",
    )


def test_memory_works_beside_the_cores():
    assert LIMITS.seconds(Demand({"fp32": 10.0}, traffic=40.0)) == (1.0, "fp32 GEMM")
    assert LIMITS.seconds(Demand({"fp32": 10.0}, traffic=100.0)) == (2.0, "memory")


def test_what_takes_less_than_a_tenth_is_not_named():
    assert LIMITS.seconds(Demand({"fp32": 100.0}, normals=1.0))[1] == "fp32 GEMM"


def test_rates_are_those_that_were_measured():
    samplers = LimitSamplers(size=32, numbers=100_000)
    samples = interleaved(samplers.samplers, seconds=0.0, least=3, most=3)
    limits = samplers.limits(samples)
    assert {"fp32", "fp64"} <= set(limits.gemm)
    assert limits.bandwidth == pytest.approx(800_000 / np.median(samples["limit: memory"]))
    told = {figure.name: figure for figure in samplers.figures("g", samples)}
    assert told["memory, read and written"].value == pytest.approx(limits.bandwidth / 1e9, rel=1e-6)
    assert all(figure.repeats == 3 for figure in told.values())


def test_products_are_counted():
    a, b = torch.randn(3, 5), torch.randn(5, 7)
    assert count_flops(lambda: a @ b) == 2 * 3 * 5 * 7


def test_a_transformers_step_is_counted_forward_and_twice_backward():
    layers, width, heads, key_size, length, batch = 2, 16, 2, 4, 6, 3
    learner = build_learner("TokenTransformer", 5, 3, layers=layers, width=width, heads=heads, key_size=key_size)
    inner = heads * key_size
    block = 4 * width * inner + 8 * width * width
    linear = 2 * length * (layers * block + width * 3)
    embedding = 2 * length * (5 + 3) * width
    attention = layers * heads * 4 * length * length * key_size
    assert forward_flops(learner, batch, length) == batch * (embedding + linear + attention)
    # Nobody asks for the gradient by the inputs.
    assert step_flops(learner, batch, length) == batch * (2 * embedding + 3 * (linear + attention))
    assert all(p.grad is None for p in learner.parameters())


def test_an_lstms_products_are_counted_too():
    hidden, length = 8, 5
    learner = build_learner("LSTM", 4, 3, hidden=hidden)
    encoder = (4 + 3) * hidden + hidden * hidden
    expected = 2 * length * (encoder + 8 * hidden * hidden + hidden * 3)
    assert forward_flops(learner, 1, length) == expected
    assert step_flops(learner, 1, length) == 3 * expected - 2 * length * (4 + 3) * hidden


def test_a_finite_number_of_tasks_needs_a_matrix_each_and_fresh_ones_do_not(features):
    finite = batch_demand(TaskAugmentor(features, num_tasks=8, length=10), 2)
    fresh = batch_demand(TaskAugmentor(features, length=10), 2)
    assert finite.normals == 2 * 36 * 36
    assert fresh.normals == 2 * 10 * 36
    assert fresh.flops["fp32"] < finite.flops["fp32"]
