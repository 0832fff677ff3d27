"""MAML: the meta-gradient, and that it is SGD underneath."""

import pytest
import torch
from torch.autograd import gradcheck
from torch.nn import functional as F

from gpicl.errors import LearnerError
from gpicl.learners.inner_loop import AdamConstants, RankOneAdam
from gpicl.learners.maml import MAML
from gpicl.learners.sgd import SGD


def _episodes(length=5):
    torch.manual_seed(0)
    return torch.randn(2, length, 4, dtype=torch.float64), torch.randint(0, 3, (2, length))


def _loss(learner, x, y):
    return F.cross_entropy(learner(x, y).flatten(0, 1), y.flatten())


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize("depth", [0, 2])
def test_meta_gradient_is_that_of_finite_differences(optimiser, depth):
    x, y = _episodes()
    learner = MAML(4, 3, optimiser=optimiser, learning_rate=0.05, depth=depth, width=5).double()
    _loss(learner, x, y).backward()
    for weights in learner.initial:
        direction = torch.randn_like(weights)
        slopes = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                weights.add_(direction, alpha=step)
                slopes.append(_loss(learner, x, y))
                weights.sub_(direction, alpha=step)
        numeric = (slopes[0] - slopes[1]) / 2e-6
        torch.testing.assert_close((weights.grad * direction).sum(), numeric, rtol=1e-5, atol=1e-8)


def test_gradients_of_adam():
    torch.manual_seed(1)
    shapes = [(2, 3, 4), (2, 3, 4), (2, 3, 4), (2, 3), (2, 4)]
    values = [torch.rand(s, dtype=torch.float64).add_(0.1).requires_grad_() for s in shapes]
    constants = AdamConstants(rate=0.3, decay_1=0.9, decay_2=0.99, epsilon=1e-3)
    assert gradcheck(lambda *v: RankOneAdam.apply(*v, constants), values)


def test_gradients_are_finite_where_the_gradient_is_zero():
    x, y = _episodes()
    x[:, :, 1] = 0
    learner = MAML(4, 3, depth=1, width=6).double()
    with torch.no_grad():
        learner.initial[0][:, :3] = -1
        learner.initial[0][:, 2] = 0  # a unit that never fires
    _loss(learner, x, y).backward()
    assert all(p.grad.isfinite().all() for p in learner.parameters())


@pytest.mark.parametrize("size", [1e-12, 1e-18, 1e-20, 1e-30])
def test_gradients_are_finite_where_the_second_moment_underflows(size):
    weights, first, second = torch.zeros(3, 1, 2, 2).requires_grad_().unbind()
    x, e = torch.ones(1, 2), torch.full((1, 2), size, requires_grad=True)
    constants = AdamConstants(rate=1e-3, decay_1=0.9, decay_2=0.999, epsilon=1e-8)
    for _ in range(3):
        weights, first, second = RankOneAdam.apply(weights, first, second, x, e, constants)
    (grad,) = torch.autograd.grad(1e6 * weights.sum(), e)
    assert grad.isfinite().all()


def test_first_order_differs_from_second_order_in_the_gradient_alone():
    x, y = _episodes()
    second = MAML(4, 3, learning_rate=0.05, depth=1, width=5).double()
    first = MAML(4, 3, learning_rate=0.05, depth=1, width=5, first_order=True).double()
    first.load_state_dict(second.state_dict())
    losses = [_loss(learner, x, y) for learner in (first, second)]
    assert losses[0] == losses[1]
    grads = [torch.autograd.grad(loss, list(m.parameters())) for loss, m in zip(losses, (first, second), strict=True)]
    assert all(not torch.allclose(a, b) for a, b in zip(*grads, strict=True))


def test_first_order_gradient_is_the_sum_over_the_adapted_weights():
    x, y = _episodes(length=2)
    learner = MAML(4, 3, optimiser="sgd", learning_rate=0.05, depth=0, first_order=True).double()
    with torch.no_grad():
        x1 = F.pad(x, (0, 1), value=1.0)
        targets = F.one_hot(y, 3).double()
        start = learner.initial[0]
        errors = (x1[:, 0] @ start).softmax(1) - targets[:, 0]
        expected = x1[:, 0].T @ errors
        for b in range(2):
            adapted = start - 0.05 * torch.outer(x1[b, 0], errors[b])
            expected += torch.outer(x1[b, 1], (x1[b, 1] @ adapted).softmax(0) - targets[b, 1])
    (grad,) = torch.autograd.grad(_loss(learner, x, y), list(learner.parameters()))
    torch.testing.assert_close(grad, expected / 4)


def test_is_sgd_from_its_own_initial_weights():
    x, y = _episodes(12)
    sgd, maml = SGD(4, 3, depth=1, width=5).double(), MAML(4, 3, depth=1, width=5).double()
    with torch.no_grad():
        for ours, theirs in zip(maml.initial, sgd.initial, strict=True):
            ours.copy_(theirs)
    assert torch.equal(maml(x, y), sgd(x, y))


def test_state_size():
    assert MAML(8, 2, depth=1, width=4).state_size() == 3 * (9 * 4 + 5 * 2)


def test_bad_options():
    with pytest.raises(LearnerError, match="optimiser must be one of adam, sgd"):
        MAML(8, 2, optimiser="muon")
    with pytest.raises(LearnerError, match="width must be at least 1"):
        MAML(8, 2, width=0)
