"""Batches of episodes, which tasks produce and learners read."""

from typing import NamedTuple

from jaxtyping import Float32, Int64
from torch import Tensor


class Episodes(NamedTuple):
    """B sequences of T labelled examples, each of one task.

    Attributes:
        inputs: Projected features, `[B, T, F]`.
        labels: Permuted labels 0..C-1, `[B, T]`.
    """

    inputs: Float32[Tensor, "B T F"]
    labels: Int64[Tensor, "B T"]
