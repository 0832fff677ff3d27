"""The fast-weight memory against its equations."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from gpicl.errors import LearnerError
from gpicl.learners.fast_weight_memory import FastWeightMemory


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _by_hand(learner, x, y):
    w = {name: p.detach().numpy() for name, p in learner.named_parameters()}
    hidden, size, classes = learner.hidden, learner.size, learner.num_classes
    h, c, m, logits = np.zeros(hidden), np.zeros(hidden), np.zeros((size, size**2)), []
    before = np.zeros(classes)
    for x_t, y_t in zip(x.numpy(), y.tolist(), strict=True):
        u = np.concatenate([x_t, before])
        z = (
            w["memory.weight_ih_l0"] @ u
            + w["memory.bias_ih_l0"]
            + w["memory.weight_hh_l0"] @ h
            + w["memory.bias_hh_l0"]
        )
        i, f, g, o = np.split(z, 4)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        written = w["write.weight"] @ h + w["write.bias"]
        k1, k2, v = np.split(np.tanh(written[:-1]), 3)
        k = np.outer(k1, k2).reshape(-1)
        m = m + _sigmoid(written[-1]) * np.outer(v - m @ k, k)
        q1, q2 = np.split(np.tanh(w["read.weight"] @ h + w["read.bias"]), 2)
        r = m @ np.outer(q1, q2).reshape(-1)
        normed = (r - r.mean()) / np.sqrt(r.var() + 1e-5) * w["norm.weight"] + w["norm.bias"]
        out = h + w["merge.weight"] @ normed + w["merge.bias"]
        logits.append(w["readout.weight"] @ out + w["readout.bias"])
        before = np.eye(classes)[y_t]
    return np.stack(logits)


@pytest.mark.parametrize("length", [2, 30])
def test_by_hand(length):
    torch.manual_seed(0)
    learner = FastWeightMemory(3, 2, hidden=5, size=3).double()
    with torch.no_grad():  # strong writes, so that the memory's own recurrence shows
        learner.write.weight.mul_(4)
        learner.read.weight.mul_(4)
    x, y = torch.randn(1, length, 3, dtype=torch.float64), torch.randint(0, 2, (1, length))
    np.testing.assert_allclose(learner(x, y)[0].detach().numpy(), _by_hand(learner, x[0], y[0]), atol=1e-10)


@pytest.mark.parametrize("batch", [1, 3])
def test_where_the_memory_overflows_what_was_read_before_stays_finite(batch):
    torch.manual_seed(0)
    learner = FastWeightMemory(3, 2, hidden=5, size=8)
    with torch.no_grad():  # keys so long that every update is larger than the one before
        learner.write.weight.mul_(4)
        learner.write.bias.fill_(3)
        x, y = torch.randn(batch, 60, 3), torch.randint(0, 2, (batch, 60))
        whole = learner(x, y)
        overflowed = int((~whole.isfinite()).any(2).any(0).nonzero()[0])
        assert 10 < overflowed < 50
        assert whole[:, overflowed:].isnan().any(2).any(0).all()  # nothing hides it
        other = torch.cat([x[:, :overflowed], 1 - x[:, overflowed:]], 1)
        assert torch.equal(whole[:, :overflowed], learner(other, y)[:, :overflowed])


def test_gradients_of_all_parameters():
    torch.manual_seed(1)
    learner = FastWeightMemory(2, 2, hidden=3, size=2).double()
    x, y = torch.randn(1, 3, 2, dtype=torch.float64), torch.tensor([[1, 0, 1]])
    names = [name for name, _ in learner.named_parameters()]
    values = [p.detach().clone().requires_grad_() for p in learner.parameters()]
    assert gradcheck(
        lambda *v: torch.func.functional_call(learner, dict(zip(names, v, strict=True)), (x, y)), values, atol=1e-4
    )


def test_state_size():
    assert FastWeightMemory(3, 2).state_size() == 2 * 64 + 16 * 256


def test_bad_options():
    with pytest.raises(LearnerError, match="size must be at least 1, not 0"):
        FastWeightMemory(3, 2, size=0)
