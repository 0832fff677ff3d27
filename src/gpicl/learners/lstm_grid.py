"""A grid of tiny LSTMs that share their weights and exchange messages along rows and columns."""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from gpicl.learners.operations import fast_tanh_


class GridState(NamedTuple):
    """State of a grid of `a x b` cells; the batch comes after the features, so that each gate is contiguous.

    Attributes:
        hidden: The cells' hidden states `[H, B, b, a]`.
        cell: The cells' cell states `[H, B, b, a]`.
        forward_messages: One per column, `[M, B, b]`.
        backward_messages: One per row, `[M, B, a]`.
    """

    hidden: Tensor
    cell: Tensor
    forward_messages: Tensor
    backward_messages: Tensor


class LSTMGrid(nn.Module):
    """One LSTM in every cell `(a, b)` of a grid, driven by its row's and its column's messages (VSML, paper).

    The input of row a is `fin_a = [mb_a ; left_a]`, that of column b `bin_b = [mf_b ; right_b]`. Both stay fixed while
    the LSTM ticks on `[fin_a ; bin_b]`; then `mf_b = mean_a(W_f h_ab + b_f)` and `mb_a = mean_b(W_b h_ab + b_b)`.

    WHY the input weight is split: `W [fin ; bin ; h] = W1 fin + W2 bin + W3 h`. The first two products are over rows
    and over columns rather than over cells, and once per example rather than once per tick. The messengers are linear,
    so averaging `h` before them is the same as averaging after them.

    Args:
        left_size: External inputs per row.
        right_size: External inputs per column.
        hidden: Size H of a cell's LSTM.
        message: Size M of a message.
        ticks: Steps of the LSTM per example.
    """

    def __init__(self, left_size: int, right_size: int, hidden: int, message: int, ticks: int) -> None:
        super().__init__()
        self.hidden, self.message, self.ticks = hidden, message, ticks
        self.from_rows = nn.Linear(message + left_size, 4 * hidden, bias=False)
        self.from_columns = nn.Linear(message + right_size, 4 * hidden)
        self.recur = nn.Linear(hidden, 4 * hidden, bias=False)
        fan_in = sum(part.in_features for part in (self.from_rows, self.from_columns, self.recur))
        for part in (self.from_rows, self.from_columns, self.recur):
            nn.init.normal_(part.weight, std=1 / math.sqrt(fan_in))
        nn.init.zeros_(self.from_columns.bias)
        nn.init.ones_(self.from_columns.bias[hidden : 2 * hidden])  # the forget gate starts open
        self.forward_messenger = nn.Linear(hidden, message)
        self.backward_messenger = nn.Linear(hidden, message)

    def start(self, batch: int, rows: int, columns: int) -> GridState:
        """Return the state before the first example, which is zero.

        Args:
            batch: Number of episodes B.
            rows: Number of rows a.
            columns: Number of columns b.
        """
        zeros = self.recur.weight.new_zeros
        return GridState(
            zeros(self.hidden, batch, columns, rows),
            zeros(self.hidden, batch, columns, rows),
            zeros(self.message, batch, columns),
            zeros(self.message, batch, rows),
        )

    def forward(
        self, state: GridState, left: Float[Tensor, "left B a"], right: Float[Tensor, "right B b"]
    ) -> GridState:
        """Process one example.

        Args:
            state: State after the previous example.
            left: External input of the rows.
            right: External input of the columns.
        """
        from_rows = _columnwise(self.from_rows, torch.cat([state.backward_messages, left]))
        from_columns = _columnwise(self.from_columns, torch.cat([state.forward_messages, right]))
        hidden, cell = _Ticks.apply(
            state.hidden, state.cell, from_rows.unsqueeze(2), from_columns.unsqueeze(3), self.recur.weight, self.ticks
        )
        return GridState(
            hidden,
            cell,
            _columnwise(self.forward_messenger, hidden.mean(3)),
            _columnwise(self.backward_messenger, hidden.mean(2)),
        )


def _columnwise(linear: nn.Linear, x: Tensor) -> Tensor:
    """Apply a linear layer to the first axis."""
    product = linear.weight @ x.flatten(1)
    if linear.bias is not None:
        product = product + linear.bias.unsqueeze(1)
    return product.view(-1, *x.shape[1:])


class _Ticks(torch.autograd.Function):
    """All ticks of all cells for one example, with a hand-written gradient.

    WHY: activations dominate the memory. Only the states between examples are kept, `2 H` numbers per cell, and the
    gates are recomputed in the backward pass; autograd would keep about 110 per tick and read them all back.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, cell: Tensor, from_rows: Tensor, from_columns: Tensor, weight: Tensor, ticks: int
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(hidden, cell, from_rows, from_columns, weight)
        ctx.ticks = ticks
        for _ in range(ticks):
            hidden, cell, _, _ = _tick(hidden, cell, from_rows, from_columns, weight)
        return hidden, cell

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_hidden: Tensor, grad_cell: Tensor) -> tuple[Tensor | None, ...]:
        hidden, cell, from_rows, from_columns, weight = ctx.saved_tensors
        size = weight.shape[1]
        with torch.autocast(hidden.device.type, enabled=False):
            trace = []
            for _ in range(ctx.ticks):
                before = (hidden, cell)
                hidden, cell, gates, squashed = _tick(hidden, cell, from_rows, from_columns, weight)
                trace.append((*before, gates, squashed))
            grad_weight = torch.zeros_like(weight)
            grad_driven = torch.zeros_like(trace[0][2])
            for hidden, cell, gates, squashed in reversed(trace):
                i, f, o, g = gates.chunk(4)
                grads = torch.empty_like(gates)
                grad_i, grad_f, grad_o, grad_g = grads.chunk(4)
                grad_cell = grad_cell + torch.ops.aten.tanh_backward(grad_hidden * o, squashed)
                torch.mul(grad_hidden, squashed, out=grad_o)
                torch.mul(grad_cell, g, out=grad_i)
                torch.mul(grad_cell, cell, out=grad_f)
                torch.mul(grad_cell, i, out=grad_g)
                inner = grads[: 3 * size]
                torch.ops.aten.sigmoid_backward.grad_input(inner, gates[: 3 * size], grad_input=inner)
                torch.ops.aten.tanh_backward.grad_input(grad_g, g, grad_input=grad_g)
                grad_cell = grad_cell * f
                grad_hidden = (weight.mT @ grads.flatten(1)).view_as(hidden)
                grad_weight.addmm_(grads.flatten(1), hidden.flatten(1).mT)
                grad_driven += grads
            grad_rows = grad_driven.sum(2, keepdim=True)
            grad_columns = grad_driven.sum(3, keepdim=True)
        return grad_hidden, grad_cell, grad_rows, grad_columns, grad_weight, None


def _tick(
    hidden: Tensor, cell: Tensor, from_rows: Tensor, from_columns: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The new hidden and cell state, the gates i, f, o, g after their nonlinearities, tanh of the cell state."""
    size = weight.shape[1]
    gates = from_rows + from_columns
    gates.flatten(1).addmm_(weight, hidden.flatten(1))
    gates[: 3 * size].sigmoid_()
    fast_tanh_(gates[3 * size :])
    i, f, o, g = gates.chunk(4)
    cell = torch.mul(f, cell).addcmul_(i, g)
    squashed = fast_tanh_(cell.clone())
    return o * squashed, cell, gates, squashed
