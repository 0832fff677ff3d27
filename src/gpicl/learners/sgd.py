"""Gradient descent from scratch: a fresh network for every episode."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gpicl.errors import LearnerError
from gpicl.learners.base import Learner
from gpicl.learners.inner_loop import fresh_network, inner_optimiser, learn_while_predicting
from gpicl.learners.options import at_least


class SGD(Learner):
    """Predict `x_t` with a fresh network, then take one optimiser step on `(x_t, y_t)`; one pass (paper, table).

    Nothing is meta-trained: it is the baseline for meta-trained learners. Every episode starts from the same network,
    which is drawn once.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        optimiser: "adam", or "sgd" for plain gradient descent.
        learning_rate: Size of a step.
        depth: Hidden ReLU layers; zero was best in the paper.
        width: Size of each.
        init_scale: Initial weights are `Normal(0, init_scale^2 / fan_in)`. With smaller weights, the first examples
            have less to unlearn.
        seed: Seed of the network's weights; None draws them from PyTorch's global generator, as other learners do, so
            that runs with different seeds have different networks.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        optimiser: str = "adam",
        learning_rate: float = 1e-3,
        depth: int = 0,
        width: int = 128,
        init_scale: float = 1.0,
        seed: int | None = None,
    ) -> None:
        super().__init__(num_features, num_classes)
        at_least(0, depth=depth)
        at_least(1, width=width)
        if init_scale < 0:
            raise LearnerError(f"init_scale must be at least 0, not {init_scale}.")
        self.optimiser = inner_optimiser(optimiser, learning_rate)
        self.depth = depth
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        for layer, weights in enumerate(fresh_network(num_features, num_classes, depth, width, init_scale, generator)):
            self.register_buffer(f"initial_{layer}", weights)

    @property
    def initial(self) -> list[Tensor]:
        """Every layer's initial weights, the bias as the last row."""
        return [self.get_buffer(f"initial_{layer}") for layer in range(self.depth + 1)]

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        with torch.autocast(inputs.device.type, enabled=False):  # a step of 1e-3 is lost in half precision
            return learn_while_predicting(self.initial, inputs, labels, self.optimiser)

    def state_size(self, length: int = 100) -> int:
        """The network's weights and the optimiser's moments."""
        return sum(weights.numel() for weights in self.initial) * (1 + self.optimiser.moments)
