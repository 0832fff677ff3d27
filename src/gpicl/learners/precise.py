"""Precision for what must not be rounded to half of it."""

import torch
from torch import Tensor


def precise(x: Tensor) -> Tensor:
    """Give float64 as it is, and all else in float32.

    Args:
        x: Any tensor.
    """
    return x if x.dtype == torch.float64 else x.float()
