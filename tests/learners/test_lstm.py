"""The LSTM against its equations."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from gpicl.errors import LearnerError
from gpicl.learners.lstm import LSTM


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _weights(learner):
    return {name: p.detach().numpy() for name, p in learner.named_parameters()}


def test_two_steps_by_hand():
    torch.manual_seed(0)
    learner = LSTM(3, 2, hidden=4).double()
    x, y = torch.randn(1, 2, 3, dtype=torch.float64), torch.tensor([[1, 0]])
    w = _weights(learner)
    h, c, expected = np.zeros(4), np.zeros(4), []
    for x_t, before in zip(x[0].numpy(), [[0, 0], [0, 1]], strict=True):
        u = np.concatenate([x_t, before])
        for layer in (0, 1):
            u = np.maximum(w[f"encoder.layers.{layer}.weight"] @ u + w[f"encoder.layers.{layer}.bias"], 0)
        z = (
            w["memory.weight_ih_l0"] @ u
            + w["memory.bias_ih_l0"]
            + w["memory.weight_hh_l0"] @ h
            + w["memory.bias_hh_l0"]
        )
        i, f, g, o = np.split(z, 4)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        expected.append(w["readout.weight"] @ h + w["readout.bias"])
    np.testing.assert_allclose(learner(x, y)[0].detach().numpy(), expected, atol=1e-14)


def test_gradients_of_all_parameters():
    torch.manual_seed(2)
    learner = LSTM(2, 2, hidden=3).double()
    x, y = torch.randn(1, 3, 2, dtype=torch.float64), torch.tensor([[1, 0, 1]])
    names = [name for name, _ in learner.named_parameters()]
    values = [p.detach().clone().requires_grad_() for p in learner.parameters()]
    assert gradcheck(lambda *v: torch.func.functional_call(learner, dict(zip(names, v, strict=True)), (x, y)), values)


def test_forget_gate_starts_open():
    memory = LSTM(3, 2, hidden=4).memory
    assert (memory.bias_ih_l0 + memory.bias_hh_l0).tolist() == [0] * 4 + [1] * 4 + [0] * 8


def test_state_size():
    assert LSTM(3, 2, hidden=7).state_size() == 14


def test_bad_options():
    with pytest.raises(LearnerError, match="hidden must be at least 1, not 0"):
        LSTM(3, 2, hidden=0)
