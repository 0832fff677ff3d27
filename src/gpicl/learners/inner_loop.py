"""Learning by gradient descent within an episode: the network, its optimiser, one step per example."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from gpicl.errors import LearnerError
from gpicl.learners.operations import matrices_times_vectors

State = tuple[Tensor, ...]


class InnerOptimiser(ABC):
    """Changes a layer's weights by the gradient `x (x) e` of one example; differentiable in all arguments.

    Args:
        learning_rate: Size of a step.
    """

    moments: int  # numbers of state per weight

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    @abstractmethod
    def start(self, weights: Tensor) -> State:
        """Return the fresh state of a layer.

        Args:
            weights: The layer's weights `[B, I, O]`.
        """

    @abstractmethod
    def step(self, weights: Tensor, state: State, x: Tensor, e: Tensor, count: int) -> tuple[Tensor, State]:
        """Return the layer's next weights and state.

        Args:
            weights: `[B, I, O]`.
            state: State of the same optimiser.
            x: The layer's input, `[B, I]`.
            e: The loss's derivative with respect to the layer's output, `[B, O]`.
            count: Number of this step, from 1.
        """


class GradientDescent(InnerOptimiser):
    """Plain gradient descent, without state."""

    moments = 0

    def start(self, weights: Tensor) -> State:
        """Return an empty state."""
        return ()

    def step(self, weights: Tensor, state: State, x: Tensor, e: Tensor, count: int) -> tuple[Tensor, State]:
        """`w - rate x e^T`."""
        return torch.baddbmm(weights, x.unsqueeze(2), e.unsqueeze(1), alpha=-self.learning_rate), state


class Adam(InnerOptimiser):
    """Adam with both bias corrections (Kingma and Ba), the same as `torch.optim.Adam` with its defaults.

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
        """Return two zero moments."""
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
        LearnerError: If the name is unknown, or the rate is not positive and finite.
    """
    if name not in OPTIMISERS:
        raise LearnerError(f"optimiser must be one of {', '.join(sorted(OPTIMISERS))}, not {name!r}.")
    if not 0 < learning_rate < math.inf:
        raise LearnerError(f"learning_rate must be greater than 0 and finite, not {learning_rate}.")
    return OPTIMISERS[name](learning_rate)


class AdamConstants(NamedTuple):
    """Factors of one step of Adam.

    Attributes:
        rate: Learning rate, times the root of the second moment's bias correction, divided by that of the first.
        decay_1: Decay of the first moment.
        decay_2: Decay of the second moment.
        epsilon: Added to the root of the second moment; multiplied by the root of that moment's bias correction.
    """

    rate: float
    decay_1: float
    decay_2: float
    epsilon: float


class RankOneAdam(torch.autograd.Function):
    """New weights and moments from old ones and the gradient `x (x) e`, for a batch of networks at once.

    `m' = b1 m + (1 - b1) x e^T`, `v' = b2 v + (1 - b2) (x e^T)^2`, and
    `w' = w - rate m' / (sqrt(v') + epsilon)`; see `AdamConstants` for the bias corrections.

    WHY by hand: the gradient of one example is an outer product, and so is its square. Neither is ever formed, nor are
    their derivatives. It also keeps the derivative finite where autograd's is not: if every gradient so far was exactly
    zero (a dead unit, a black pixel), `v' = 0` and its root has an infinite slope. But m' is zero there too, and
    `m' / sqrt(v')` is bounded, so the slope is set to zero.

    Shapes: weights and moments `[B, I, O]`, x `[B, I]`, e `[B, O]`.
    """

    @staticmethod
    def forward(
        ctx: Any, weights: Tensor, first: Tensor, second: Tensor, x: Tensor, e: Tensor, constants: AdamConstants
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the new weights, first and second moment."""
        column, row = x.unsqueeze(2), e.unsqueeze(1)
        first = torch.mul(first, constants.decay_1).addcmul_(column, row, value=1 - constants.decay_1)
        second = torch.mul(second, constants.decay_2).addcmul_(column**2, row**2, value=1 - constants.decay_2)
        root = second.sqrt()
        ctx.save_for_backward(first, root, x, e)
        ctx.constants = constants
        return torch.addcdiv(weights, first, root + constants.epsilon, value=-constants.rate), first, second

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_weights: Tensor, grad_first: Tensor, grad_second: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients with respect to weights, moments, x and e."""
        first, root, x, e = ctx.saved_tensors
        constants = ctx.constants
        with torch.autocast(x.device.type, enabled=False):
            inverse = (root + constants.epsilon).reciprocal_()
            scaled = grad_weights * inverse
            grad_first = torch.sub(grad_first, scaled, alpha=constants.rate)
            # d w' / d v' = rate m' / (root + epsilon)^2 / (2 root). A root below the floor means that v' underflowed.
            # m' is then barely above the floor, and the ratio stays bounded.
            floor = torch.finfo(root.dtype).tiny ** 0.5
            slope = scaled.mul_(inverse).mul_(first).div_(root.clamp_min(floor))
            grad_second = torch.add(grad_second, slope, alpha=constants.rate / 2)
            one, two = 1 - constants.decay_1, 2 * (1 - constants.decay_2)
            grad_x, through_squares = (
                matrices_times_vectors(grad, by) for grad, by in ((grad_first, e), (grad_second, e**2))
            )
            grad_x = grad_x.mul_(one).addcmul_(x, through_squares, value=two)
            grad_e, through_squares = (
                matrices_times_vectors(grad.mT, by) for grad, by in ((grad_first, x), (grad_second, x**2))
            )
            grad_e = grad_e.mul_(one).addcmul_(e, through_squares, value=two)
            return (
                grad_weights,
                grad_first.mul_(constants.decay_1),
                grad_second.mul_(constants.decay_2),
                grad_x,
                grad_e,
                None,
            )


def fresh_network(
    num_features: int, num_classes: int, depth: int, width: int, scale: float, generator: torch.Generator | None
) -> list[Float[Tensor, "inputs_and_one outputs"]]:
    """Draw the weights of an MLP: `Normal(0, scale^2 / fan_in)`, biases zero.

    A layer's bias is the last row of its weights, so that one outer product updates both.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        depth: Hidden layers.
        width: Size of each.
        scale: Standard deviation of an output for inputs of variance one. With zero, all initial predictions are equal.
        generator: Random number generator; None for the global one.
    """
    sizes = [num_features, *[width] * depth, num_classes]
    layers = []
    for fan_in, fan_out in pairwise(sizes):
        weights = torch.zeros(fan_in + 1, fan_out)
        weights[:-1].normal_(std=scale / math.sqrt(fan_in), generator=generator)
        layers.append(weights)
    return layers


def learn_while_predicting(
    initial: Sequence[Float[Tensor, "_ _"]],
    inputs: Float[Tensor, "B T F"],
    labels: Int64[Tensor, "B T"],
    optimiser: InnerOptimiser,
    first_order: bool = False,
) -> Float[Tensor, "B T C"]:
    """Predict `x_t`, then take one optimiser step on `(x_t, y_t)`; a single pass over the episode.

    The networks of a batch are trained in parallel. Their gradients are written out by hand, so this runs without
    autograd too; with autograd, everything is differentiable in the initial weights.

    Args:
        initial: Every layer's initial weights as `fresh_network` draws them, the same for all episodes.
        inputs: The examples' features.
        labels: The examples' labels.
        optimiser: Takes the steps.
        first_order: Whether to treat the steps as constants when differentiating.

    Returns:
        Logits, each computed before its label was used.
    """
    batch, length, _ = inputs.shape
    networks = [weights.expand(batch, -1, -1) for weights in initial]
    states = [optimiser.start(weights) for weights in networks]
    targets = F.one_hot(labels, initial[-1].shape[1]).to(inputs.dtype)
    examples = F.pad(inputs, (0, 1), value=1.0)
    predictions = []
    for t in range(length):
        activations, logits = _predict(networks, examples[:, t])
        predictions.append(logits)
        if t == length - 1:
            break  # no example is left to predict
        errors = _errors(networks, activations, logits.softmax(1) - targets[:, t])
        for layer, (x, e) in enumerate(zip(activations, errors, strict=True)):
            if first_order:
                x, e = x.detach(), e.detach()
            networks[layer], states[layer] = optimiser.step(networks[layer], states[layer], x, e, t + 1)
    return torch.stack(predictions, 1)


def _predict(networks: list[Tensor], example: Tensor) -> tuple[list[Tensor], Tensor]:
    """The input of each layer, with a one for the bias, and the logits."""
    activations = [example]
    for weights in networks[:-1]:
        hidden = torch.bmm(activations[-1].unsqueeze(1), weights).squeeze(1)
        activations.append(F.pad(hidden.relu(), (0, 1), value=1.0))
    return activations, torch.bmm(activations[-1].unsqueeze(1), networks[-1]).squeeze(1)


def _errors(networks: list[Tensor], activations: list[Tensor], error: Tensor) -> list[Tensor]:
    """The loss's derivative with respect to each layer's output."""
    errors = [error]
    for weights, activation in zip(networks[:0:-1], activations[:0:-1], strict=True):
        error = matrices_times_vectors(weights, error)
        error = (error * (activation > 0))[:, :-1]  # the last input is the constant one of the bias
        errors.insert(0, error)
    return errors
