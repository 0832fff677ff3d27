"""Initial weights of the Transformers."""

import math

from torch import nn

# Standard deviation of a standard normal truncated to [-2, 2].
_TRUNCATED_STD = 0.87962566103423978


def variance_scaling_(linear: nn.Linear, scale: float) -> nn.Linear:
    """Draw weights from a truncated normal of variance `scale / fan_in` and set the bias to zero, in place.

    With scale `2 / layers` the residual stream keeps its size through any depth (the paper's code).

    Args:
        linear: The layer.
        scale: Variance of an output for inputs of variance one.
    """
    std = math.sqrt(scale / linear.in_features) / _TRUNCATED_STD
    nn.init.trunc_normal_(linear.weight, std=std, a=-2 * std, b=2 * std)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)
    return linear
