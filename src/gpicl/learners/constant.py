"""Constants that lie where they are used, so that no step waits for them to be copied there."""

from functools import lru_cache

import torch
from torch import Tensor


def constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Give a tensor of some numbers, the same one every time.

    Args:
        values: The numbers.
        dtype: Their type.
        device: Where they are used.
    """
    if torch.compiler.is_exporting():
        return torch.tensor(values, dtype=dtype, device=device)
    return _kept(values, dtype, device)


@lru_cache
def _kept(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # or it could never be used where gradients are
        return torch.tensor(values, dtype=dtype, device=device)
