"""Gradient descent from meta-trained initial weights."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.learners.base import Learner
from gpicl.learners.inner_loop import fresh_network, inner_optimiser, learn_while_predicting
from gpicl.learners.options import at_least


class MAML(Learner):
    """`SGD` with meta-trained initial weights (Finn et al., model-agnostic meta-learning; paper, table).

    The all-position loss is differentiated through every optimiser step of the episode, including Adam's moments, to
    second order: the dependence of the steps' gradients on the initial weights is included.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        optimiser: "adam", or "sgd" for plain gradient descent, within the episode.
        learning_rate: Size of a step within the episode.
        depth: Hidden ReLU layers.
        width: Size of each.
        first_order: Whether to treat the steps' gradients as constants: cheaper, but not the exact meta-gradient.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        optimiser: str = "adam",
        learning_rate: float = 1e-3,
        depth: int = 2,
        width: int = 128,
        first_order: bool = False,
    ) -> None:
        super().__init__(num_features, num_classes)
        at_least(0, depth=depth)
        at_least(1, width=width)
        self.optimiser = inner_optimiser(optimiser, learning_rate)
        self.first_order = first_order
        # Variance 2 / fan_in preserves the size of activations through a ReLU (He et al.).
        self.initial = nn.ParameterList(fresh_network(num_features, num_classes, depth, width, 2**0.5, None))

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        with torch.autocast(inputs.device.type, enabled=False):  # a step of 1e-3 is lost in half precision
            return learn_while_predicting(list(self.initial), inputs, labels, self.optimiser, self.first_order)

    def state_size(self, length: int = 100) -> int:
        """The network's weights and the optimiser's moments."""
        return self.num_parameters * (1 + self.optimiser.moments)
