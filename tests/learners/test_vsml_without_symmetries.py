"""VSML without symmetries against its equations."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from gpicl.errors import LearnerError
from gpicl.learners.vsml_without_symmetries import VSMLWithoutSymmetries


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_two_steps_by_hand():
    torch.manual_seed(0)
    learner = VSMLWithoutSymmetries(5, 3, k=2).double()
    x, y = torch.randn(1, 2, 5, dtype=torch.float64), torch.tensor([[2, 0]])
    w = {name.removeprefix("grid."): p.detach().numpy() for name, p in learner.named_parameters()}
    h, c = np.zeros((2, 2, 16)), np.zeros((2, 2, 16))
    mf, mb, expected = np.zeros((2, 8)), np.zeros((2, 8)), []
    for x_t, before in zip(x[0].numpy(), np.array([[0, 0, 0], [0, 0, 1]]), strict=True):
        left = (w["rows.weight"] @ x_t + w["rows.bias"]).reshape(2, 16)
        right = (w["columns.weight"] @ before + w["columns.bias"]).reshape(2, 4)
        fin, bin_ = np.hstack([mb, left]), np.hstack([mf, right])
        for _ in range(2):
            for a in range(2):
                for b in range(2):
                    z = w["from_rows.weight"] @ fin[a] + w["from_columns.weight"] @ bin_[b]
                    z = z + w["recur.weight"] @ h[a, b] + w["from_columns.bias"]
                    i, f, o, g = np.split(z, 4)
                    c[a, b] = _sigmoid(f) * c[a, b] + _sigmoid(i) * np.tanh(g)
                    h[a, b] = _sigmoid(o) * np.tanh(c[a, b])
        mf = (h @ w["forward_messenger.weight"].T + w["forward_messenger.bias"]).mean(0)
        mb = (h @ w["backward_messenger.weight"].T + w["backward_messenger.bias"]).mean(1)
        expected.append(w["readout.weight"] @ mf.reshape(-1) + w["readout.bias"])
    np.testing.assert_allclose(learner(x, y)[0].detach().numpy(), expected, atol=1e-14)


def test_gradients_of_all_parameters():
    torch.manual_seed(1)
    learner = VSMLWithoutSymmetries(2, 2, k=1, hidden=2, message=2).double()
    x, y = torch.randn(1, 3, 2, dtype=torch.float64), torch.tensor([[1, 0, 1]])
    names = [name for name, _ in learner.named_parameters()]
    values = [p.detach().clone().requires_grad_() for p in learner.parameters()]
    assert gradcheck(lambda *v: torch.func.functional_call(learner, dict(zip(names, v, strict=True)), (x, y)), values)


def test_is_not_equivariant():
    torch.manual_seed(2)
    learner = VSMLWithoutSymmetries(5, 3, k=2)
    x, y = torch.randn(2, 4, 5), torch.randint(0, 3, (2, 4))
    assert (learner(x.flip(2), y) - learner(x, y)).abs().max() > 1e-4


@pytest.mark.parametrize("k", [1, 2, 24])
def test_state_size(k):
    assert VSMLWithoutSymmetries(7, 3, k=k).state_size() == k * k * 32 + 16 * k


def test_bad_options():
    with pytest.raises(LearnerError, match="k must be at least 1, not 0"):
        VSMLWithoutSymmetries(3, 2, k=0)
