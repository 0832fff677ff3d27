"""One Adam step on the gradient of a single example, differentiable twice over."""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from gpicl.learners.matrix_vector import matrices_times_vectors


class AdamConstants(NamedTuple):
    """What one step of Adam multiplies by.

    Attributes:
        rate: Learning rate, times the root of the second moment's bias correction, over that of the first.
        decay_1: Decay of the first moment.
        decay_2: Decay of the second moment.
        epsilon: Added to the root of the second moment; times the root of that moment's bias correction.
    """

    rate: float
    decay_1: float
    decay_2: float
    epsilon: float


class RankOneAdam(torch.autograd.Function):
    """New weights and moments from old ones and the gradient `x (x) e`, for a batch of networks at once.

    `m' = b1 m + (1 - b1) x e^T`, `v' = b2 v + (1 - b2) (x e^T)^2`, and
    `w' = w - rate m' / (sqrt(v') + epsilon)`; see `AdamConstants` for the bias corrections.

    WHY by hand: the gradient of one example is an outer product, and so is its square; neither is ever formed, nor are
    their derivatives. And it makes the derivative finite where autograd's is not: where every gradient so far was
    exactly zero (a dead unit, a black pixel), `v' = 0` and its root has an infinite slope; but m' is zero there, too,
    and `m' / sqrt(v')` is bounded, so that the slope is taken as zero.

    Shapes: weights and moments `[B, I, O]`, x `[B, I]`, e `[B, O]`.
    """

    @staticmethod
    def forward(
        ctx: Any, weights: Tensor, first: Tensor, second: Tensor, x: Tensor, e: Tensor, constants: AdamConstants
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Give the new weights, first and second moment."""
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
        """Give the gradients of weights, moments, x and e."""
        first, root, x, e = ctx.saved_tensors
        constants = ctx.constants
        with torch.autocast(x.device.type, enabled=False):
            inverse = (root + constants.epsilon).reciprocal_()
            scaled = grad_weights * inverse
            grad_first = torch.sub(grad_first, scaled, alpha=constants.rate)
            # d w' / d v' = rate m' / (root + epsilon)^2 / (2 root). A root below the floor means that v' underflowed;
            # m' is then hardly above the floor itself, and their ratio stays bounded.
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
