"""Variable shared meta-learning: one tiny LSTM in every cell of an inputs x classes grid."""

from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.learners.base import Learner
from gpicl.learners.lstm_grid import LSTMGrid
from gpicl.learners.operations import previous_label
from gpicl.learners.options import at_least


class VSML(Learner):
    """Tiny LSTMs on an inputs x classes grid that exchange messages along rows and columns; logits are `mf_b[0]`.

    See `LSTMGrid` for the equations. From Kirsch and Schmidhuber, "Meta Learning Backpropagation And Improving It", in
    the variant of the paper's table.

    All cells share their weights and start from zero. So permuting the inputs changes nothing, permuting the classes
    permutes the predictions, and the same weights work for any number of both (`with_size`). These symmetries of
    general-purpose learning are built in, not meta-learned.

    Several layers are several grids, each with its own weights. The first has F x C cells, every later one C x C: its
    rows are the forward messages of the grid below, at the same example, and its columns are again the classes. The
    backward messages of a later grid are added to the labels as inputs of the grid below at the next example. Every
    grid sees the labels: hidden units without labels would all start equal and, with shared weights, stay equal.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        hidden: Size of a cell's LSTM.
        message: Size of a message.
        micro_ticks: Steps of the LSTM per example.
        layers: Number of grids.
    """

    any_size = True

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        hidden: int = 16,
        message: int = 8,
        micro_ticks: int = 2,
        layers: int = 1,
    ) -> None:
        super().__init__(num_features, num_classes)
        at_least(1, hidden=hidden, message=message, micro_ticks=micro_ticks, layers=layers)
        self.grids = nn.ModuleList(
            LSTMGrid(
                left_size=1 if layer == 0 else message,
                right_size=1 if layer == layers - 1 else 1 + message,
                hidden=hidden,
                message=message,
                ticks=micro_ticks,
            )
            for layer in range(layers)
        )

    @property
    def _layers(self) -> list[LSTMGrid]:
        return cast("list[LSTMGrid]", list(self.grids))

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`. Accepts any F."""
        batch, _, num_features = inputs.shape
        lefts = inputs.transpose(0, 1).unsqueeze(1)
        rights = previous_label(labels, self.num_classes).to(inputs.dtype).transpose(0, 1).unsqueeze(1)
        grids = self._layers
        rows = [num_features] + [self.num_classes] * (len(grids) - 1)
        logits = []
        # Products over 16 numbers gain nothing from half precision, and the state has to last for the whole episode.
        with torch.autocast(inputs.device.type, enabled=False):
            states = [grid.start(batch, a, self.num_classes) for grid, a in zip(grids, rows, strict=True)]
            for left, right in zip(lefts.unbind(), rights.unbind(), strict=True):
                below = left
                for layer, grid in enumerate(grids):
                    feedback = [above.backward_messages for above in states[layer + 1 : layer + 2]]
                    states[layer] = grid(states[layer], below, torch.cat([right, *feedback]))
                    below = states[layer].forward_messages
                logits.append(below[0])
        return torch.stack(logits, 1)

    def state_size(self, length: int = 100) -> int:
        """Cells and messages: `a b 2 H + (a + b) M` for every grid of a rows and b columns."""
        total = 0
        rows = self.num_features
        for grid in self._layers:
            total += rows * self.num_classes * 2 * grid.hidden + (rows + self.num_classes) * grid.message
            rows = self.num_classes
        return total
