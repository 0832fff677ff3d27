"""Several linear layers of the same input as one matrix product."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


def joint_linear(inputs: Float[Tensor, "*batch d"], *layers: nn.Linear) -> tuple[Tensor, ...]:
    """Apply several layers of equal width to the same input.

    WHY one product: it is faster than several small ones. WHY the weights are kept apart all the same: Muon makes the
    update of a matrix orthogonal, and each of these is a map of its own.

    Args:
        inputs: Input of all layers.
        layers: Layers with equal numbers of outputs, all with a bias or all without.

    Returns:
        The outputs, in order.
    """
    weight = torch.cat([layer.weight for layer in layers])
    biases: list[Tensor] = [layer.bias for layer in layers if layer.bias is not None]
    joined = F.linear(inputs, weight, torch.cat(biases) if biases else None)
    return tuple(joined.chunk(len(layers), -1))
