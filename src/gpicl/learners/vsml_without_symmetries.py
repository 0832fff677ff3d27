"""VSML's grid between learned projections, which remove its symmetries."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.learners.base import Learner
from gpicl.learners.layers import variance_scaling_
from gpicl.learners.lstm_grid import LSTMGrid
from gpicl.learners.non_finite import linear_by_row
from gpicl.learners.operations import previous_label
from gpicl.learners.options import at_least

# Inputs of a row and a column of the grid per example (as in the paper's code).
_ROW_SIZE, _COLUMN_SIZE = 16, 4


class VSMLWithoutSymmetries(Learner):
    """A k x k grid of VSML cells between linear layers (paper, figure on state size).

    `Linear(F -> k * 16)` drives the rows, `Linear(C -> k * 4)` the columns, and `Linear(k * 8 -> C)` reads the forward
    messages. It is not equivariant to anything, so only the size of its state can explain its in-context learning.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        k: Rows and columns of the grid; the paper uses 1, 2, 4, 8, 16, 24.
        hidden: Size of a cell's LSTM.
        message: Size of a message.
        micro_ticks: Steps of the LSTM per example.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        k: int = 8,
        hidden: int = 16,
        message: int = 8,
        micro_ticks: int = 2,
    ) -> None:
        super().__init__(num_features, num_classes)
        at_least(1, k=k, hidden=hidden, message=message, micro_ticks=micro_ticks)
        self.k = k
        self.rows = variance_scaling_(nn.Linear(num_features, k * _ROW_SIZE), 1.0)
        # A one-hot input selects a single weight, so a variance of 1 / fan_in would be too small.
        self.columns = variance_scaling_(nn.Linear(num_classes, k * _COLUMN_SIZE), float(num_classes))
        self.grid = LSTMGrid(_ROW_SIZE, _COLUMN_SIZE, hidden, message, micro_ticks)
        self.readout = nn.Linear(k * message, num_classes)

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        before = previous_label(labels, self.num_classes).to(inputs.dtype)
        dtype = self.readout.weight.dtype
        lefts = _messages(linear_by_row(self.rows, inputs), self.k).to(dtype)
        rights = _messages(self.columns(before), self.k).to(dtype)
        messages = []
        with torch.autocast(inputs.device.type, enabled=False):  # as in `VSML`
            state = self.grid.start(inputs.shape[0], self.k, self.k)
            for left, right in zip(lefts.unbind(), rights.unbind(), strict=True):
                state = self.grid(state, left, right)
                messages.append(state.forward_messages)
            return self.readout(torch.stack(messages).permute(2, 0, 3, 1).flatten(2))

    def state_size(self, length: int = 100) -> int:
        """Cells and messages: `k^2 2 H + 2 k M`."""
        return self.k**2 * 2 * self.grid.hidden + 2 * self.k * self.grid.message


def _messages(projected: Tensor, k: int) -> Tensor:
    """`[B, T, k * n]` as one message of n numbers for each of k rows or columns, `[T, n, B, k]`."""
    return projected.unflatten(2, (k, -1)).permute(1, 3, 0, 2).contiguous()
