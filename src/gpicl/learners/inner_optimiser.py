"""Optimisers that run inside an episode, for a batch of networks and one example at a time."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from gpicl.errors import LearnerError
from gpicl.learners.rank_one_adam import AdamConstants, RankOneAdam

State = tuple[Tensor, ...]


class InnerOptimiser(ABC):
    """Changes a layer's weights by the gradient `x (x) e` of one example; differentiable in all it is given.

    Args:
        learning_rate: Size of a step.
    """

    moments: int  # numbers of state per weight

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    @abstractmethod
    def start(self, weights: Tensor) -> State:
        """Give the fresh state of a layer.

        Args:
            weights: The layer's weights `[B, I, O]`.
        """

    @abstractmethod
    def step(self, weights: Tensor, state: State, x: Tensor, e: Tensor, count: int) -> tuple[Tensor, State]:
        """Give the layer's next weights and state.

        Args:
            weights: `[B, I, O]`.
            state: Of the same optimiser.
            x: What went into the layer, `[B, I]`.
            e: The loss's derivative by what came out of it, `[B, O]`.
            count: Number of this step, from 1.
        """


class GradientDescent(InnerOptimiser):
    """Plain gradient descent, without state."""

    moments = 0

    def start(self, weights: Tensor) -> State:
        """Give no state."""
        return ()

    def step(self, weights: Tensor, state: State, x: Tensor, e: Tensor, count: int) -> tuple[Tensor, State]:
        """`w - rate x e^T`."""
        return torch.baddbmm(weights, x.unsqueeze(2), e.unsqueeze(1), alpha=-self.learning_rate), state


class Adam(InnerOptimiser):
    """Adam with both bias corrections (Kingma and Ba), `torch.optim.Adam` with its defaults to the letter.

    Args:
        learning_rate: Size of a step.
        decay_1: Decay of the first moment.
        decay_2: Decay of the second moment.
        epsilon: Added to the root of the second moment.
    """

    moments = 2

    def __init__(
        self, learning_rate: float, decay_1: float = 0.9, decay_2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        super().__init__(learning_rate)
        self.decay_1, self.decay_2, self.epsilon = decay_1, decay_2, epsilon

    def start(self, weights: Tensor) -> State:
        """Give two moments of zero."""
        return (torch.zeros_like(weights), torch.zeros_like(weights))

    def step(self, weights: Tensor, state: State, x: Tensor, e: Tensor, count: int) -> tuple[Tensor, State]:
        """See `RankOneAdam`."""
        correction_1 = 1 - self.decay_1**count
        correction_2 = (1 - self.decay_2**count) ** 0.5
        constants = AdamConstants(
            rate=self.learning_rate * correction_2 / correction_1,
            decay_1=self.decay_1,
            decay_2=self.decay_2,
            epsilon=self.epsilon * correction_2,
        )
        weights, *moments = RankOneAdam.apply(weights, *state, x, e, constants)
        return weights, tuple(moments)


OPTIMISERS: dict[str, type[InnerOptimiser]] = {"adam": Adam, "sgd": GradientDescent}


def inner_optimiser(name: str, learning_rate: float) -> InnerOptimiser:
    """Build an optimiser from its options.

    Args:
        name: "adam" or "sgd".
        learning_rate: Size of a step.

    Raises:
        LearnerError: If there is none of that name, or the rate is not positive.
    """
    if name not in OPTIMISERS:
        raise LearnerError(f"optimiser must be one of {', '.join(sorted(OPTIMISERS))}, not {name!r}.")
    if not learning_rate > 0:
        raise LearnerError(f"learning_rate must be greater than 0, not {learning_rate}: the network would never learn.")
    return OPTIMISERS[name](learning_rate)
