"""The symmetries of the kernel set Transformer, and what it begins with."""

import pytest
import torch

from gpicl.errors import LearnerError
from gpicl.learners import KernelSetTransformer

SMALL = {"layers": 2, "width": 16, "class_width": 8, "heads": 4, "queries": 4}


@pytest.fixture
def learner():
    torch.manual_seed(0)
    learner = KernelSetTransformer(6, 4, **SMALL).double()
    with torch.no_grad():
        for parameter in learner.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return learner


@pytest.fixture
def context():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(3, 20, 6, generator=generator, dtype=torch.float64)
    return inputs, torch.randint(4, (3, 20), generator=generator)


@pytest.fixture
def queries():
    return torch.randn(3, 5, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def ask(learner, context, queries):
    with torch.no_grad():
        return learner.query(learner.encode_context(*context).memory, queries)


def test_permuting_the_labels_permutes_the_answers(learner, context, queries):
    permutation = torch.tensor([2, 0, 3, 1])
    permuted = ask(learner, (context[0], permutation[context[1]]), queries)
    torch.testing.assert_close(permuted[..., permutation], ask(learner, context, queries))


def test_the_order_of_the_examples_changes_nothing(learner, context, queries):
    order = torch.randperm(20, generator=torch.Generator().manual_seed(2))
    reordered = (context[0][:, order], context[1][:, order])
    torch.testing.assert_close(ask(learner, reordered, queries), ask(learner, context, queries))


def test_rotating_or_scaling_the_inputs_changes_nothing(learner, context, queries):
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))
    expected = ask(learner, context, queries)
    torch.testing.assert_close(ask(learner, (context[0] @ rotation, context[1]), queries @ rotation), expected)
    torch.testing.assert_close(ask(learner, (7 * context[0], context[1]), 7 * queries), expected, atol=1e-5, rtol=1e-5)


def test_features_that_are_always_zero_change_nothing(learner, context, queries):
    wider = learner.with_size(9, 4)
    padded = torch.nn.functional.pad(context[0], (0, 3)), context[1]
    found = ask(wider, padded, torch.nn.functional.pad(queries, (0, 3)))
    torch.testing.assert_close(found, ask(learner, context, queries))


def test_queries_do_not_see_each_other(learner, context, queries):
    together = ask(learner, context, queries)
    for i in range(5):
        torch.testing.assert_close(ask(learner, context, queries[:, i : i + 1]), together[:, i : i + 1])


def test_an_empty_context_gives_equal_logits(learner, context):
    with torch.no_grad():
        first = learner(*context)[:, 0]
    assert torch.equal(first, torch.zeros_like(first))


@pytest.mark.parametrize("make", [torch.ones, torch.zeros])
def test_answers_are_finite_where_all_inputs_are_the_same(learner, make):
    inputs, labels = make(2, 6, 6).double(), torch.tensor([[0, 1, 2, 3, 0, 1]] * 2)
    with torch.no_grad():
        assert learner(inputs, labels).isfinite().all()
        assert ask(learner, (inputs, labels), torch.randn(2, 3, 6).double() * 1e3).isfinite().all()


def test_before_meta_training_it_is_as_good_as_a_kernel_machine(features):
    from gpicl.metatesting import evaluate, evaluate_classical

    torch.manual_seed(0)
    count = {"episodes": 64, "length": 40, "positions": [40]}
    found = evaluate(KernelSetTransformer(36, 4), {"a": features}, precision="fp32", **count)
    machine = evaluate_classical("RBFSVM", {"a": features}, num_classes=4, **count)
    assert found["accuracy"].iloc[0] >= machine["accuracy"].iloc[0] - 0.05
    assert found["accuracy"].iloc[0] > 0.8


def test_meta_training_shows_contexts_of_all_short_lengths_and_of_multiples_of_four(context):
    asked = []

    class Listening(KernelSetTransformer):
        def _ask(self, inputs, labels, queries):
            asked.append((inputs.shape[1], queries.shape[1]))
            return super()._ask(inputs, labels, queries)

    learner = Listening(6, 4, **SMALL).double()
    with torch.no_grad():
        for step in range(64):
            learner.training_logits(*context, step)
    assert {count for count, _ in asked} == {*range(1, 9), 12, 16}
    assert {queries for _, queries in asked} == {4}


def test_an_episode_shorter_than_its_queries_can_still_be_rehearsed():
    learner = KernelSetTransformer(6, 4, **SMALL)
    logits, labels = learner.training_logits(torch.randn(2, 3, 6), torch.zeros(2, 3, dtype=torch.int64), 0)
    assert logits.shape == (2, 2, 4)
    assert labels.shape == (2, 2)


def test_sizes_that_heads_cannot_share_are_refused():
    with pytest.raises(LearnerError, match="multiple of 3"):
        KernelSetTransformer(4, 3, width=64, heads=3)
