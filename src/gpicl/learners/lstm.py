"""The LSTM of the comparison."""

from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.learners.base import Learner
from gpicl.learners.layers import ExampleEncoder, OpenLSTM
from gpicl.learners.options import at_least


class LSTM(Learner):
    """`[x_t ; one-hot(y_{t-1})]` -> two ReLU layers -> LSTM -> linear (paper, table of architectures).

    Its state is as small as its layers, O(H). The paper names this as the reason for its weak in-context learning.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        hidden: Size H of both ReLU layers and of the LSTM.
    """

    def __init__(self, num_features: int, num_classes: int, hidden: int = 256) -> None:
        super().__init__(num_features, num_classes)
        at_least(1, hidden=hidden)
        self.hidden = hidden
        self.encoder = ExampleEncoder(num_features, num_classes, (hidden, hidden))
        self.memory = OpenLSTM(hidden, hidden)
        self.readout = nn.Linear(hidden, num_classes)

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        remembered, _ = self.memory(self.encoder(inputs, labels))
        return self.readout(remembered).transpose(0, 1)

    def state_size(self, length: int = 100) -> int:
        """Hidden and cell state: `2 H`."""
        return 2 * self.hidden
