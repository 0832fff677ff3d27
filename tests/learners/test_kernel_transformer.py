"""The symmetries of the kernel Transformer, and its similarity."""

import numpy as np
import pytest
import torch

from gpicl.errors import LearnerError
from gpicl.learners import KernelTransformer
from gpicl.learners.similarity import causal_similarity


@pytest.fixture
def learner():
    torch.manual_seed(0)
    learner = KernelTransformer(6, 4, layers=2, width=16, class_width=8, heads=2).double()
    with torch.no_grad():
        for parameter in learner.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return learner


@pytest.fixture
def episodes():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(3, 20, 6, generator=generator, dtype=torch.float64)
    return inputs, torch.randint(4, (3, 20), generator=generator)


def test_permuting_the_labels_permutes_the_answers(learner, episodes):
    inputs, labels = episodes
    permutation = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(learner(inputs, permutation[labels])[..., permutation], learner(inputs, labels))


def test_rotating_the_inputs_changes_nothing(learner, episodes):
    inputs, labels = episodes
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))
    torch.testing.assert_close(learner(inputs @ rotation, labels), learner(inputs, labels))


def test_scaling_and_shifting_the_inputs_changes_next_to_nothing(learner, episodes):
    inputs, labels = episodes
    torch.testing.assert_close(learner(5 * inputs, labels), learner(inputs, labels), atol=1e-9, rtol=1e-6)
    torch.testing.assert_close(learner(inputs + 1, labels), learner(inputs, labels), atol=1e-4, rtol=1e-3)


def test_the_same_weights_serve_any_number_of_features_and_classes(learner):
    other = KernelTransformer(9, 7, layers=2, width=16, class_width=8, heads=2).double()
    other.load_state_dict(learner.state_dict())
    logits = other(torch.randn(2, 8, 9, dtype=torch.float64), torch.randint(7, (2, 8)))
    assert logits.shape == (2, 8, 7)


def test_a_class_that_never_occurs_gets_the_same_logit_as_any_other_that_never_occurs(learner):
    inputs, labels = torch.randn(1, 10, 6, dtype=torch.float64), torch.zeros(1, 10, dtype=torch.int64)
    logits = learner(inputs, labels)[0, -1]
    torch.testing.assert_close(logits[1], logits[2])
    assert not torch.isclose(logits[0], logits[1])


def test_similarity_is_the_cosine_from_the_running_mean():
    x = torch.randn(1, 7, 3, dtype=torch.float64) + 2
    found = causal_similarity(x)[0]
    for t in range(1, 7):
        mean = x[0, : t + 1].mean(0)
        for j in range(t):
            expected = torch.cosine_similarity(x[0, t] - mean, x[0, j] - mean, dim=0)
            assert found[t, j].item() == pytest.approx(expected.item(), abs=1e-4)


def test_similarity_is_finite_where_all_inputs_are_the_same():
    assert causal_similarity(torch.ones(2, 5, 3)).isfinite().all()
    assert causal_similarity(torch.zeros(2, 5, 3)).isfinite().all()


def test_before_meta_training_it_already_votes_with_similar_examples(features):
    from gpicl.metatesting import evaluate

    torch.manual_seed(0)
    table = evaluate(KernelTransformer(36, 4), {"a": features}, episodes=40, length=40, precision="fp32")
    assert table["accuracy"].iloc[-5:].mean() > 0.8


def test_sizes_that_heads_cannot_share_are_refused():
    with pytest.raises(LearnerError, match="multiple of 3"):
        KernelTransformer(4, 3, width=64, heads=3)


def test_its_state_is_what_attention_looks_back_at():
    learner = KernelTransformer(6, 4, layers=2, width=16, class_width=8, heads=2)
    assert learner.state_size(10) == 10 * (6 + 2 * (2 * 16 + 4 * 8))
    assert np.isclose(learner.state_size(20), 2 * learner.state_size(10))
