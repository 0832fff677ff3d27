"""Keep infinity and NaN where they arise, so that a position never depends on a later one.

WHY: `0 * inf` and `0 * nan` are NaN. A product with weights that are zero for all later positions is therefore NaN as
soon as one later position has overflowed. On a CPU the result is checked, which costs almost nothing, and recomputed
safely if it is not finite. A GPU would have to wait for such a check, so it always uses the safe computation.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def is_finite(x: Tensor) -> bool:
    """Whether a tensor on a CPU holds only finite numbers; always True during export, which allows no branches.

    Args:
        x: Any tensor. A sum too large for its type counts as not finite.
    """
    if torch.jit.is_tracing() or torch.compiler.is_compiling() or torch.compiler.is_exporting():
        return True
    return math.isfinite(x.detach().sum().item())


def zeroed(x: Tensor) -> Tensor:
    """Replace NaN and infinity by zero."""
    return x.nan_to_num(0.0, 0.0, 0.0)


def nan_rows(x: Tensor) -> Tensor:
    """Return NaN for each row that is not finite, zero for all others. Added to a result, it undoes `zeroed`.

    Args:
        x: Rows along the last axis, which is reduced to size 1.
    """
    return (0 * x.detach()).sum(-1, keepdim=True)


def linear_by_row(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply a linear layer so that no row depends on the next one.

    WHY: in bfloat16 on a CPU, oneDNN reads past the end of a row whose length does not fill its tiles and multiplies
    those numbers by zero, which is NaN if the next row is not finite.

    Args:
        layer: A linear layer, or a sequence that ends in one.
        x: Rows along the last axis.
    """
    out = layer(x)
    if out.dtype != torch.bfloat16 or out.device.type != "cpu" or is_finite(x):
        return out
    return layer(zeroed(x)) + nan_rows(x).to(out.dtype)


def hide_(scores: Tensor, hidden: Tensor) -> Tensor:
    """Overwrite hidden scores with minus infinity, in place; adding it would not remove NaN.

    Args:
        scores: Scores before a softmax along the last axis; overwritten.
        hidden: Mask of the scores to hide; broadcast.
    """
    return _Hide.apply(scores, hidden)


def saturated(x: Tensor) -> Tensor:
    """Replace infinity by the largest finite number and NaN by zero; the gradient passes unchanged."""
    return _Saturated.apply(x)


class _Hide(torch.autograd.Function):
    """The gradient passes unchanged: after a softmax it is zero wherever the score is minus infinity."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, hidden: Tensor) -> Tensor:
        ctx.mark_dirty(scores)
        return scores.masked_fill_(hidden, float("-inf"))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


class _Saturated(torch.autograd.Function):
    """The gradient passes unchanged, which saves a kernel and its memory."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.nan_to_num()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad
