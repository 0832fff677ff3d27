"""VSML against its equations, and its symmetries."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from gpicl.errors import LearnerError
from gpicl.learners.lstm_grid import GridState, LSTMGrid
from gpicl.learners.vsml import VSML


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _episodes(batch=2, length=6, features=5, classes=3):
    return torch.randn(batch, length, features, dtype=torch.float64), torch.randint(0, classes, (batch, length))


def _plain_grid(grid, state, left, right):
    """One example straight from the equations, cell by cell, for autograd or by numbers alone."""
    hidden, cell, mf, mb = state
    weight = torch.cat([grid.from_rows.weight, grid.from_columns.weight, grid.recur.weight], 1)
    fin, bin_ = torch.cat([mb, left]), torch.cat([mf, right])
    rows, columns = fin.shape[2], bin_.shape[2]
    new_hidden, new_cell = {}, {}
    for a in range(rows):
        for b in range(columns):
            h, c = hidden[:, :, b, a], cell[:, :, b, a]
            for _ in range(grid.ticks):
                z = weight @ torch.cat([fin[:, :, a], bin_[:, :, b], h]) + grid.from_columns.bias[:, None]
                i, f, o, g = z.chunk(4)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
            new_hidden[a, b], new_cell[a, b] = h, c

    def message(linear, cells):
        return sum(linear.weight @ h + linear.bias[:, None] for h in cells) / len(cells)

    mf = [message(grid.forward_messenger, [new_hidden[a, b] for a in range(rows)]) for b in range(columns)]
    mb = [message(grid.backward_messenger, [new_hidden[a, b] for b in range(columns)]) for a in range(rows)]

    def stack(cells):
        return torch.stack([torch.stack([cells[a, b] for a in range(rows)], -1) for b in range(columns)], 2)

    return GridState(stack(new_hidden), stack(new_cell), torch.stack(mf, 2), torch.stack(mb, 2))


def test_two_steps_by_hand():
    torch.manual_seed(0)
    learner = VSML(2, 3).double()
    x, y = torch.randn(1, 2, 2, dtype=torch.float64), torch.tensor([[2, 0]])
    w = {name.removeprefix("grids.0."): p.detach().numpy() for name, p in learner.named_parameters()}
    h, c = np.zeros((2, 3, 16)), np.zeros((2, 3, 16))
    mf, mb, expected = np.zeros((3, 8)), np.zeros((2, 8)), []
    for x_t, before in zip(x[0].numpy(), [[0, 0, 0], [0, 0, 1]], strict=True):
        fin = [np.append(mb[a], x_t[a]) for a in range(2)]
        bin_ = [np.append(mf[b], before[b]) for b in range(3)]
        for _ in range(2):
            for a in range(2):
                for b in range(3):
                    z = w["from_rows.weight"] @ fin[a] + w["from_columns.weight"] @ bin_[b]
                    z = z + w["recur.weight"] @ h[a, b] + w["from_columns.bias"]
                    i, f, o, g = np.split(z, 4)
                    c[a, b] = _sigmoid(f) * c[a, b] + _sigmoid(i) * np.tanh(g)
                    h[a, b] = _sigmoid(o) * np.tanh(c[a, b])
        mf = (h @ w["forward_messenger.weight"].T + w["forward_messenger.bias"]).mean(0)
        mb = (h @ w["backward_messenger.weight"].T + w["backward_messenger.bias"]).mean(1)
        expected.append(mf[:, 0])
    np.testing.assert_allclose(learner(x, y)[0].detach().numpy(), expected, atol=1e-14)


def test_number_of_parameters():
    assert VSML(196, 10).num_parameters == 2512


def test_forget_gate_starts_open():
    bias = LSTMGrid(1, 1, hidden=2, message=2, ticks=1).from_columns.bias
    assert bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_permuted_inputs_change_nothing(layers):
    torch.manual_seed(1)
    learner = VSML(5, 3, layers=layers).double()
    x, y = _episodes()
    torch.testing.assert_close(learner(x[:, :, torch.randperm(5)], y), learner(x, y), rtol=0, atol=1e-14)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_permuted_classes_permute_the_predictions(layers):
    torch.manual_seed(2)
    learner = VSML(5, 3, layers=layers).double()
    x, y = _episodes()
    rho = torch.tensor([2, 0, 1])
    torch.testing.assert_close(learner(x, rho[y])[:, :, rho], learner(x, y), rtol=0, atol=1e-14)
    assert learner(x, y).std(2).max() > 1e-6  # the classes do differ


@pytest.mark.parametrize("layers", [1, 2])
def test_any_size_with_the_same_weights(layers):
    torch.manual_seed(3)
    learner = VSML(5, 3, layers=layers).double()
    other = learner.with_size(9, 4)
    assert (other.num_features, other.num_classes) == (9, 4)
    assert (other.options["num_features"], other.options["layers"]) == (9, layers)
    assert [id(p) for p in other.parameters()] == [id(p) for p in learner.parameters()]
    x, y = _episodes(features=9, classes=4)
    other.check_episodes(x, y)
    assert other(x, y).shape == (2, 6, 4)
    torch.testing.assert_close(learner.with_size(9, 3)(x, y % 3), learner(x, y % 3))
    # Means over inputs and over classes: every input twice is every input once.
    twice = torch.cat([x, x], 2)
    torch.testing.assert_close(learner.with_size(18, 4)(twice, y), other(x, y))


def test_recomputed_gradients_are_plain_gradients():
    torch.manual_seed(4)
    grid = LSTMGrid(2, 3, hidden=4, message=2, ticks=3).double()
    inputs = [(torch.randn(2, 2, 3, dtype=torch.float64), torch.randn(3, 2, 2, dtype=torch.float64)) for _ in range(3)]
    grads = []
    for step in (grid, lambda *arguments: _plain_grid(grid, *arguments)):
        state = grid.start(2, 3, 2)
        for left, right in inputs:
            state = step(state, left, right)
        loss = sum((part * torch.linspace(1, 2, part.numel()).view_as(part)).sum() for part in state)
        grads.append((loss, *torch.autograd.grad(loss, list(grid.parameters()))))
    for ours, plain in zip(*grads, strict=True):
        torch.testing.assert_close(ours, plain)


def test_keeps_little_but_the_states_between_examples():
    learner = VSML(30, 10)
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    length = 20
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = learner(torch.randn(2, length, 30), torch.randint(0, 10, (2, length)))
    assert logits.requires_grad
    states = length * 2 * 4 * learner.state_size()
    # The rows' and the columns' shares of the gates are kept as well, and the weights; 64 numbers a row, not a cell.
    assert sum(kept.values()) < 1.5 * states


@pytest.mark.parametrize("layers", [1, 2])
def test_gradients_of_all_parameters(layers):
    torch.manual_seed(5)
    learner = VSML(2, 2, hidden=2, message=2, layers=layers).double()
    x, y = _episodes(1, 3, 2, 2)
    x.requires_grad_()
    names = [name for name, _ in learner.named_parameters()]
    values = [p.detach().clone().requires_grad_() for p in learner.parameters()]
    assert gradcheck(
        lambda x, *v: torch.func.functional_call(learner, dict(zip(names, v, strict=True)), (x, y)), (x, *values)
    )


def test_state_size():
    assert VSML(7, 3).state_size() == 7 * 3 * 2 * 16 + 3 * 8 + 7 * 8
    assert VSML(7, 3, layers=2).state_size() == VSML(7, 3).state_size() + VSML(3, 3).state_size()


def test_bad_options():
    with pytest.raises(LearnerError, match="layers must be at least 1, not 0"):
        VSML(3, 2, layers=0)
    with pytest.raises(LearnerError, match="micro_ticks must be at least 1"):
        VSML(3, 2, micro_ticks=0)
