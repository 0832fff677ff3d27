"""One step of a matrix memory that is written through outer products, with its gradient written by hand."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from gpicl.learners.matrix_vector import matrices_times_vectors


class OuterProductStep(torch.autograd.Function):
    """`C_t = sigmoid(G_f + 1) * C_{t-1} + sigmoid(G_i) * G_g` and `r_t = C_t^T q`, with `G_m = a_m (x) b_m`.

    WHY by hand: only the old memory is kept for the backward pass, and the three H x H gates are computed again there.
    That is less than a third of what autograd would keep, and less traffic is less time.

    Shapes, with N memories: memory `[N, H, H]`; left and right factors `[3, N, H]`, in the order f, i, g; query
    `[N, H]`.
    """

    @staticmethod
    def forward(ctx: Any, memory: Tensor, left: Tensor, right: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
        """Write, then read what was written."""
        f, i, g = _gates(left, right)
        written = torch.mul(f, memory).addcmul_(i, g)
        ctx.save_for_backward(memory, left, right, query, written)
        return written, torch.bmm(query.unsqueeze(1), written).squeeze(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_written: Tensor, grad_read: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Gradients of memory, left, right, query."""
        memory, left, right, query, written = ctx.saved_tensors
        with torch.autocast(memory.device.type, enabled=False):
            gates = _gates(left, right)
            f, i, g = gates
            grad_query = matrices_times_vectors(written, grad_read)
            grad_written = torch.addcmul(grad_written, query.unsqueeze(2), grad_read.unsqueeze(1))
            grads = torch.empty_like(gates)
            torch.mul(grad_written, memory, out=grads[0])
            torch.mul(grad_written, g, out=grads[1])
            torch.mul(grad_written, i, out=grads[2])
            inner = grads[:2]
            torch.ops.aten.sigmoid_backward.grad_input(inner, gates[:2], grad_input=inner)
            flat = grads.flatten(0, 1)
            grad_left = matrices_times_vectors(flat, right.flatten(0, 1)).view_as(left)
            grad_right = torch.bmm(left.flatten(0, 1).unsqueeze(1), flat).view_as(right)
            return grad_written.mul_(f), grad_left, grad_right, grad_query


def _gates(left: Tensor, right: Tensor) -> Tensor:
    """The three gates `[3, N, H, H]`: f and i behind their sigmoids, g as it is."""
    gates = left.unsqueeze(3) * right.unsqueeze(2)
    gates[0] += 1
    gates[:2].sigmoid_()
    return gates
