"""The label that a learner may see beside `x_t`: that of the example before it."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F


def previous_label(labels: Int64[Tensor, "B T"], num_classes: int) -> Float[Tensor, "B T C"]:
    """One-hot of `y_{t-1}` at position t, zero at the first position (y-tilde of the paper).

    Args:
        labels: Labels 0..C-1.
        num_classes: C.
    """
    one_hot = F.one_hot(labels[:, :-1], num_classes).to(torch.get_default_dtype())
    return F.pad(one_hot, (0, 0, 1, 0))
