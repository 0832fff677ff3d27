"""SGD against plain PyTorch."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gpicl.errors import LearnerError
from gpicl.learners.sgd import SGD


def _plain(learner, x, y, optimiser):
    """One episode with an ordinary network and an ordinary optimiser."""
    layers = []
    for weights in learner.initial:
        linear = nn.Linear(weights.shape[0] - 1, weights.shape[1]).to(weights.dtype)
        with torch.no_grad():
            linear.weight.copy_(weights[:-1].T)
            linear.bias.copy_(weights[-1])
        layers += [linear, nn.ReLU()]
    network = nn.Sequential(*layers[:-1])
    stepper = optimiser(network.parameters())
    logits = []
    for x_t, y_t in zip(x, y, strict=True):
        logits.append(network(x_t))
        stepper.zero_grad()
        F.cross_entropy(logits[-1], y_t).backward()
        stepper.step()
    return torch.stack(logits).detach()


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize(
    ("name", "optimiser", "rate"), [("adam", torch.optim.Adam, 1e-2), ("sgd", torch.optim.SGD, 1e-1)]
)
def test_is_a_plain_training_loop(depth, name, optimiser, rate):
    torch.manual_seed(0)
    learner = SGD(6, 3, optimiser=name, learning_rate=rate, depth=depth, width=5).double()
    x, y = torch.randn(2, 20, 6, dtype=torch.float64), torch.randint(0, 3, (2, 20))
    x[:, :, 2] = 0  # a black pixel: its gradient is always zero
    with torch.no_grad():
        ours = learner(x, y)
    for episode in range(2):
        plain = _plain(learner, x[episode], y[episode], lambda p: optimiser(p, lr=rate))
        torch.testing.assert_close(ours[episode], plain, rtol=1e-9, atol=1e-9)


def test_learns():
    torch.manual_seed(1)
    x = torch.randn(1, 1, 8).expand(1, 30, 8) * torch.tensor([1, -1]).repeat(15).view(1, 30, 1)
    y = torch.tensor([[1, 0]]).repeat(1, 15)
    assert (SGD(8, 2, learning_rate=1e-2)(x, y)[:, -10:].argmax(2) == y[:, -10:]).all()


def test_without_a_seed_the_network_is_drawn_like_that_of_other_learners():
    def drawn(seed):
        torch.manual_seed(seed)
        return SGD(8, 2).initial[0]

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))


def test_every_episode_starts_from_the_network_of_the_seed():
    x, y = torch.randn(1, 3, 8).expand(4, 3, 8), torch.zeros(4, 3).long()
    first = SGD(8, 2, depth=1, seed=3)(x, y)
    assert torch.equal(first, first[:1].expand_as(first))
    torch.manual_seed(123)
    assert torch.equal(first, SGD(8, 2, depth=1, seed=3)(x, y))
    assert not torch.equal(first, SGD(8, 2, depth=1, seed=4)(x, y))


def test_initial_scale():
    assert (SGD(8, 2, init_scale=0.0)(torch.randn(1, 1, 8), torch.zeros(1, 1).long()) == 0).all()
    drawn = SGD(1000, 50, init_scale=0.3).initial[0]
    assert abs(drawn[:-1].std().item() * 1000**0.5 - 0.3) < 0.01
    assert (drawn[-1] == 0).all()


def test_nothing_is_meta_trained():
    assert SGD(8, 2).num_parameters == 0
    assert set(SGD(8, 2, depth=1).state_dict()) == {"initial_0", "initial_1"}


def test_state_size():
    assert SGD(8, 2).state_size() == 3 * 9 * 2
    assert SGD(8, 2, optimiser="sgd", depth=1, width=4).state_size() == 9 * 4 + 5 * 2


def test_bad_options():
    with pytest.raises(LearnerError, match=r"optimiser must be one of adam, sgd, not 'adamw'"):
        SGD(8, 2, optimiser="adamw")
    with pytest.raises(LearnerError, match="learning_rate must be greater than 0"):
        SGD(8, 2, learning_rate=0.0)
    with pytest.raises(LearnerError, match="depth must be at least 0"):
        SGD(8, 2, depth=-1)
    with pytest.raises(LearnerError, match="init_scale must be at least 0"):
        SGD(8, 2, init_scale=-1.0)
