"""The LSTM against its equations."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from gpicl.errors import LearnerError
from gpicl.learners.lstm import LSTM
from gpicl.learners.lstm_recurrence import LSTMRecurrence


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
        i, f, o, g = np.split(w["memory.drive.weight"] @ u + w["memory.drive.bias"] + w["memory.recur.weight"] @ h, 4)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        expected.append(w["readout.weight"] @ h + w["readout.bias"])
    np.testing.assert_allclose(learner(x, y)[0].detach().numpy(), expected, atol=1e-14)


def test_recurrence_is_nn_lstm():
    torch.manual_seed(1)
    ours, theirs = LSTMRecurrence(5, 6).double(), torch.nn.LSTM(5, 6).double()
    order = torch.cat([torch.arange(12), torch.arange(18, 24), torch.arange(12, 18)])  # theirs is i, f, g, o
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(ours.drive.weight[order])
        theirs.weight_hh_l0.copy_(ours.recur.weight[order])
        theirs.bias_ih_l0.copy_(ours.drive.bias[order])
        theirs.bias_hh_l0.zero_()
    x = torch.randn(7, 3, 5, dtype=torch.float64, requires_grad=True)
    out = theirs(x)[0]
    torch.testing.assert_close(ours(x), out)
    weight = torch.randn_like(out)
    grads = [torch.autograd.grad((f * weight).sum(), x)[0] for f in (ours(x), out)]
    torch.testing.assert_close(*grads)


def test_gradients():
    torch.manual_seed(2)
    recurrence = LSTMRecurrence(2, 3).double()
    x = torch.randn(4, 2, 2, dtype=torch.float64, requires_grad=True)
    recur = recurrence.recur.weight.detach().clone().requires_grad_()
    assert gradcheck(lambda x, recur: torch.func.functional_call(recurrence, {"recur.weight": recur}, (x,)), (x, recur))


def test_forget_gate_starts_open():
    bias = LSTM(3, 2, hidden=4).memory.drive.bias
    assert bias.tolist() == [0] * 4 + [1] * 4 + [0] * 8


def test_state_size():
    assert LSTM(3, 2, hidden=7).state_size() == 14


def test_bad_options():
    with pytest.raises(LearnerError, match="hidden must be at least 1, not 0"):
        LSTM(3, 2, hidden=0)
