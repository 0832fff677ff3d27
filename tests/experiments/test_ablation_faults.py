"""The faults of the earlier reproduction are what they are said to be, and touch nothing else."""

import pytest
import torch
from torch.testing import assert_close

from gpicl.experiments.earlier_reproduction import EarlierSGD, EarlierTokens, EarlierTransformer
from gpicl.learners import SGD, TokenTransformer
from gpicl.metatraining.optimisers import hidden_matrices


@pytest.fixture
def episodes():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(3, 20, 16, generator=generator), torch.randint(4, (3, 20), generator=generator)


def test_without_faults_it_is_the_token_transformer(episodes):
    sizes = {"layers": 1, "width": 8, "heads": 2, "key_size": 4, "max_length": 20}
    torch.manual_seed(0)
    plain = TokenTransformer(16, 4, **sizes)
    torch.manual_seed(0)
    earlier = EarlierTransformer(16, 4, **sizes, small=False, normalised=False)
    assert_close(earlier(*episodes), plain(*episodes))
    assert len(hidden_matrices(earlier)) == len(hidden_matrices(plain))


def test_a_smaller_projection_makes_inputs_smaller_and_leaves_labels_alone():
    tokens = torch.cat([torch.ones(1, 2, 16), torch.eye(4)[None, :2]], 2)
    changed = EarlierTokens(16, 4, 20, small=True, normalised=False)(tokens)
    assert_close(changed[..., :16], torch.full((1, 2, 16), 0.25))
    assert_close(changed[..., 16:], tokens[..., 16:])


def test_normalised_columns_have_mean_zero_and_deviation_one_whatever_the_projection():
    torch.manual_seed(0)
    labels = torch.nn.functional.one_hot(torch.randint(4, (2000, 20)), 4).float()
    labels[:, 0] = 0  # nothing comes before the first example
    tokens = torch.cat([torch.randn(2000, 20, 16), labels], 2)
    for small in (True, False):
        changed = EarlierTokens(16, 4, 20, small=small, normalised=True)(tokens).flatten(0, 1)
        assert_close(changed.mean(0), torch.zeros(20), atol=0.03, rtol=0)
        assert_close(changed.std(0), torch.ones(20), atol=0.03, rtol=0)


def test_without_faults_it_is_gradient_descent(episodes):
    plain = SGD(16, 4, "adam", 1e-2, depth=2, width=8, init_scale=2**0.5, seed=3)
    earlier = EarlierSGD(16, 4, 1e-2, depth=2, width=8, small=False, normalised=False, final_relu=False, seed=3)
    with torch.no_grad():
        assert_close(earlier(*episodes), plain(*episodes), atol=1e-4, rtol=1e-4)


def test_a_final_relu_leaves_no_logit_below_zero_and_changes_what_is_learned(episodes):
    with_relu, without = (EarlierSGD(16, 4, 1e-2, width=8, final_relu=relu)(*episodes) for relu in (True, False))
    assert (with_relu >= 0).all()
    assert (without < 0).any()
    assert not torch.equal(with_relu[:, -1], without[:, -1].relu())


def test_every_episode_learns_alone(episodes):
    inputs, labels = episodes
    learner = EarlierSGD(16, 4, 1e-2, width=8)
    assert_close(learner(inputs, labels)[1:2], learner(inputs[1:2], labels[1:2]), atol=1e-5, rtol=1e-5)
