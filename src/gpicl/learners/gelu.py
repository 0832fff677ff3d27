"""The activation of the Transformers' feed-forward layers."""

import torch
from torch import Tensor
from torch.nn import functional as F


def gelu(x: Tensor) -> Tensor:
    """GELU in its tanh form, or on a CPU in bfloat16 in its exact form, which there rounds to the same.

    WHY: PyTorch's tanh form takes four times as long on a CPU as the exact one, which in bfloat16 is oneDNN's. The two
    functions differ by 4.7e-4 at most, a tenth of what bfloat16 rounds off an activation of two. Against the tanh form
    in float64 both are equally wrong in bfloat16, forward and backward (docs/performance.md).

    Args:
        x: Any tensor.
    """
    exact = x.dtype == torch.bfloat16 and x.device.type == "cpu"
    return F.gelu(x, approximate="none" if exact else "tanh")
