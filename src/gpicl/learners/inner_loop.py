"""A network per episode that is trained while the episode goes on."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

from gpicl.learners.inner_optimiser import InnerOptimiser
from gpicl.learners.operations import matrices_times_vectors


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
        scale: Standard deviation of an output for inputs of variance one. Zero starts from equal predictions.
        generator: Source of the draw; None for the global one.
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

    The networks of a batch are trained side by side. Their gradients are written out rather than left to autograd, so
    that this runs without autograd as well; with it, everything is differentiable in the initial weights.

    Args:
        initial: Every layer's initial weights as `fresh_network` draws them, the same for all episodes.
        inputs: The examples' features.
        labels: The examples' labels.
        optimiser: Takes the steps.
        first_order: Whether to take the steps as constants when differentiating.

    Returns:
        Logits, each made before its label was used.
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
            break  # nothing is left that the last label could help to predict
        errors = _errors(networks, activations, logits.softmax(1) - targets[:, t])
        for layer, (x, e) in enumerate(zip(activations, errors, strict=True)):
            if first_order:
                x, e = x.detach(), e.detach()
            networks[layer], states[layer] = optimiser.step(networks[layer], states[layer], x, e, t + 1)
    return torch.stack(predictions, 1)


def _predict(networks: list[Tensor], example: Tensor) -> tuple[list[Tensor], Tensor]:
    """What goes into each layer, a one for the bias included, and the logits."""
    activations = [example]
    for weights in networks[:-1]:
        hidden = torch.bmm(activations[-1].unsqueeze(1), weights).squeeze(1)
        activations.append(F.pad(hidden.relu(), (0, 1), value=1.0))
    return activations, torch.bmm(activations[-1].unsqueeze(1), networks[-1]).squeeze(1)


def _errors(networks: list[Tensor], activations: list[Tensor], error: Tensor) -> list[Tensor]:
    """The loss's derivative by what comes out of each layer."""
    errors = [error]
    for weights, activation in zip(networks[:0:-1], activations[:0:-1], strict=True):
        error = matrices_times_vectors(weights, error)
        error = (error * (activation > 0))[:, :-1]  # the last is the one that the bias is multiplied by
        errors.insert(0, error)
    return errors
