"""The MLP, which cannot learn in context."""

import pytest
import torch

from gpicl.errors import LearnerError
from gpicl.learners.mlp import MLP


def test_by_hand():
    torch.manual_seed(0)
    learner = MLP(3, 2, width=4)
    x = torch.randn(1, 1, 3)
    w = [p.detach() for p in learner.parameters()]
    first = (w[0] @ x[0, 0] + w[1]).clamp_min(0)
    second = (w[2] @ first + w[3]).clamp_min(0)
    torch.testing.assert_close(learner(x, torch.tensor([[0]]))[0, 0], w[4] @ second + w[5])


def test_ignores_the_labels():
    learner = MLP(3, 2)
    x = torch.randn(2, 5, 3)
    assert torch.equal(learner(x, torch.zeros(2, 5).long()), learner(x, torch.ones(2, 5).long()))


def test_state_size():
    assert MLP(3, 2).state_size() == 0


def test_bad_options():
    with pytest.raises(LearnerError, match="width must be at least 1, not 0"):
        MLP(3, 2, width=0)
