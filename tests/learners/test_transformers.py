"""What is true of the two Transformers, beyond what is true of every learner."""

import math

import pytest
import torch

from gpicl.errors import LearnerError
from gpicl.learners import TokenTransformer, ValueTransformer
from gpicl.learners.attention import causal_attention
from gpicl.learners.operations import previous_label


def test_causal_attention_is_that_of_pytorch():
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 6, 3, 4, dtype=torch.float64) for _ in range(3))
    expected = torch.nn.functional.scaled_dot_product_attention(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True
    ).transpose(1, 2)
    torch.testing.assert_close(causal_attention(q, k, v), expected)


def test_the_previous_label_is_one_hot_and_zero_at_the_first_position():
    shown = previous_label(torch.tensor([[2, 0, 1]]), 3)
    assert shown.tolist() == [[[0, 0, 0], [0, 0, 1], [1, 0, 0]]]


def test_state_is_keys_and_values_of_every_layer_and_position():
    assert TokenTransformer(4, 3, layers=2, width=8, heads=3, key_size=5).state_size(10) == 2 * 10 * 2 * 3 * 5
    assert ValueTransformer(4, 3, layers=2, width=8, heads=3, key_size=5).state_size(10) == 2 * 10 * 2 * 3 * 5


def test_a_one_layer_value_transformer_takes_its_context_as_a_set():
    """Its answer to the last query is the same for every order of the examples before it."""
    torch.manual_seed(0)
    learner = ValueTransformer(4, 3, layers=1, width=8, heads=2, key_size=4)
    inputs, labels = torch.randn(1, 6, 4), torch.tensor([[0, 1, 2, 0, 1, 2]])
    order = torch.tensor([3, 1, 4, 0, 2, 5])
    with torch.no_grad():
        torch.testing.assert_close(
            learner(inputs, labels)[:, -1], learner(inputs[:, order], labels[:, order])[:, -1], rtol=1e-5, atol=1e-6
        )


def test_the_value_transformer_reads_episodes_of_any_length():
    learner = ValueTransformer(4, 3, layers=1, width=8, heads=2, key_size=4)
    assert learner.max_length is None
    assert learner(torch.randn(1, 300, 4), torch.zeros(1, 300, dtype=torch.int64)).shape == (1, 300, 3)


def test_the_token_transformer_says_how_long_an_episode_may_be():
    learner = TokenTransformer(4, 3, layers=1, width=8, heads=2, key_size=4, max_length=5)
    with pytest.raises(LearnerError, match="max_length=6"):
        learner.check_episodes(torch.randn(1, 6, 4), torch.zeros(1, 6, dtype=torch.int64))


def test_initial_weights_have_the_published_variance():
    torch.manual_seed(0)
    learner = TokenTransformer(100, 10, layers=4, width=256)
    weight = learner.blocks[0][1].up.weight
    assert weight.std().item() == pytest.approx(math.sqrt(2 / 4 / 256), rel=0.02)
    assert learner.positions.std().item() == pytest.approx(0.088, abs=0.005)  # 0.1, truncated at two deviations


@pytest.mark.parametrize("option", ["layers", "width", "heads", "key_size"])
def test_sizes_below_one_are_refused(option):
    with pytest.raises(LearnerError, match=f"{option} must be at least 1, not 0"):
        ValueTransformer(4, 3, **{option: 0})
