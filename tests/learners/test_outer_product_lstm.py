"""The outer-product LSTM against its equations."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from gpicl.errors import LearnerError
from gpicl.learners.outer_product_lstm import OuterProductLSTM, OuterProductStep


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("heads", [1, 2])
def test_two_steps_by_hand(heads):
    torch.manual_seed(0)
    learner = OuterProductLSTM(3, 2, hidden=4, heads=heads, width=5).double()
    with torch.no_grad():
        learner.sharpness.fill_(0.7)
    x, y = torch.randn(1, 2, 3, dtype=torch.float64), torch.tensor([[1, 0]])
    w = {name: p.detach().numpy() for name, p in learner.named_parameters()}
    s = np.log1p(np.exp(0.7))
    c, h, expected = np.zeros((heads, 4, 4)), np.zeros((heads, 4)), []
    for x_t, before in zip(x[0].numpy(), [[0, 0], [0, 1]], strict=True):
        u = np.concatenate([x_t, before])
        for layer in (0, 1):
            u = np.maximum(w[f"encoder.layers.{layer}.weight"] @ u + w[f"encoder.layers.{layer}.bias"], 0)
        z = w["drive.weight"] @ u + w["drive.bias"] + w["recur.weight"] @ h.reshape(-1)
        for head, parts in enumerate(z.reshape(heads, 8, 4)):
            k1, k2, q, o = parts[0:3], parts[3:6], parts[6], parts[7]
            g_f, g_i, g_g = (s * np.outer(np.tanh(k1[m]), np.tanh(k2[m])) for m in range(3))
            c[head] = _sigmoid(g_f + 1) * c[head] + _sigmoid(g_i) * g_g
            h[head] = _sigmoid(o) * np.tanh(c[head].T @ q)
        expected.append(w["readout.weight"] @ h.reshape(-1) + w["readout.bias"])
    np.testing.assert_allclose(learner(x, y)[0].detach().numpy(), expected, atol=1e-14)


def test_gradients_of_a_step():
    torch.manual_seed(1)
    shapes = [(2, 3, 3), (3, 2, 3), (3, 2, 3), (2, 3)]
    assert gradcheck(OuterProductStep.apply, [torch.randn(s, dtype=torch.float64, requires_grad=True) for s in shapes])


def test_gradients_of_all_parameters():
    torch.manual_seed(2)
    learner = OuterProductLSTM(2, 2, hidden=2, heads=2, width=3).double()
    x, y = torch.randn(1, 3, 2, dtype=torch.float64), torch.tensor([[1, 0, 1]])
    names = [name for name, _ in learner.named_parameters()]
    values = [p.detach().clone().requires_grad_() for p in learner.parameters()]
    assert gradcheck(lambda *v: torch.func.functional_call(learner, dict(zip(names, v, strict=True)), (x, y)), values)


def test_sharpness_starts_at_softplus_of_zero():
    assert OuterProductLSTM(3, 2).sharpness.item() == 0


def test_state_size():
    assert OuterProductLSTM(3, 2, hidden=5, heads=3).state_size() == 3 * (25 + 5)


def test_bad_options():
    with pytest.raises(LearnerError, match="heads must be at least 1, not 0"):
        OuterProductLSTM(3, 2, heads=0)
    with pytest.raises(LearnerError, match="width must be at least 1"):
        OuterProductLSTM(3, 2, width=0)
