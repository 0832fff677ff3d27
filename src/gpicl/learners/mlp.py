"""The baseline that cannot learn in context."""

from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.learners.base import Learner
from gpicl.learners.non_finite import linear_by_row
from gpicl.learners.options import at_least


class MLP(Learner):
    """Two ReLU layers on `x_t` alone (paper, heat map of tasks and model size).

    It ignores the labels, so everything it knows about a task is memorised in its weights.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        width: Size of both hidden layers.
    """

    def __init__(self, num_features: int, num_classes: int, width: int = 256) -> None:
        super().__init__(num_features, num_classes)
        at_least(1, width=width)
        self.layers = nn.Sequential(
            nn.Linear(num_features, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, num_classes)
        )

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from its own input; see `Learner.forward`."""
        first, *others = self.layers
        hidden = linear_by_row(first, inputs)
        for layer in others:
            hidden = layer(hidden)
        return hidden

    def state_size(self, length: int = 100) -> int:
        """Nothing passes from one example to the next."""
        return 0
