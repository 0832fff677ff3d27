"""An LSTM whose cell state is a matrix."""

from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from gpicl.learners.base import Learner
from gpicl.learners.layers import ExampleEncoder, variance_scaling_
from gpicl.learners.operations import matrices_times_vectors
from gpicl.learners.options import at_least


class OuterProductLSTM(Learner):
    """An LSTM with an H x H state per head, gated by outer products (paper, section on state size).

    With `u_t` the encoded example, one linear layer on `[u_t ; h_{t-1}]` gives per head `k1, k2` in R^{3 x H} and
    `q, o` in R^H. For m in {i, g, f}: `G_m = softplus(kappa) tanh(k1_m) (x) tanh(k2_m)`. Then
    `C_t = sigmoid(G_f + 1) * C_{t-1} + sigmoid(G_i) * G_g` and `h_t = sigmoid(o) * tanh(C_t^T q)`; `C_0 = h_0 = 0`.

    The paper uses it to show that state size, not parameter count, limits in-context learning: it has as few parameters
    as a small LSTM, but a state that grows with the square of H.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        hidden: Rows and columns H of a head's memory.
        heads: Number of memories.
        width: Size of the two ReLU layers that encode an example; None for `heads * hidden`.
    """

    def __init__(
        self, num_features: int, num_classes: int, hidden: int = 64, heads: int = 1, width: int | None = None
    ) -> None:
        super().__init__(num_features, num_classes)
        width = heads * hidden if width is None else width
        at_least(1, hidden=hidden, heads=heads, width=width)
        self.hidden, self.heads = hidden, heads
        self.encoder = ExampleEncoder(num_features, num_classes, (width, width))
        self.drive = variance_scaling_(nn.Linear(width, heads * 8 * hidden), 1.0)
        self.recur = variance_scaling_(nn.Linear(heads * hidden, heads * 8 * hidden, bias=False), 1.0)
        self.sharpness = nn.Parameter(torch.zeros(()))  # kappa
        self.readout = nn.Linear(heads * hidden, num_classes)

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        recur = self.recur.weight.mT
        driven = self.drive(self.encoder(inputs, labels)).to(recur.dtype)
        with torch.autocast(driven.device.type, enabled=False):  # the state is kept in full precision
            return self.readout(torch.stack(self._remember(driven, recur), 1))

    def _remember(self, driven: Tensor, recur: Tensor) -> list[Tensor]:
        batch, heads, size = driven.shape[1], self.heads, self.hidden
        scale = F.softplus(self.sharpness)
        memory = driven.new_zeros(batch * heads, size, size)
        hidden = driven.new_zeros(batch, heads * size)
        hiddens = []
        for drive in driven.unbind():
            projected = torch.addmm(drive, hidden, recur).view(batch * heads, 8, size).transpose(0, 1)
            factors = projected[:6].tanh()
            memory, read = OuterProductStep.apply(memory, scale * factors[:3], factors[3:], projected[6])
            hidden = (projected[7].sigmoid() * read.tanh()).view(batch, heads * size)
            hiddens.append(hidden)
        return hiddens

    def state_size(self, length: int = 100) -> int:
        """Every head's memory and output: `heads (H^2 + H)`."""
        return self.heads * (self.hidden**2 + self.hidden)


class OuterProductStep(torch.autograd.Function):
    """`C_t = sigmoid(G_f + 1) * C_{t-1} + sigmoid(G_i) * G_g` and `r_t = C_t^T q`, with `G_m = a_m (x) b_m`.

    WHY by hand: only the old memory is kept for the backward pass, which recomputes the three H x H gates. That is less
    than a third of what autograd would keep, and less memory traffic takes less time.

    Shapes, with N memories: memory `[N, H, H]`; left and right factors `[3, N, H]`, in the order f, i, g; query
    `[N, H]`.
    """

    @staticmethod
    def forward(ctx: Any, memory: Tensor, left: Tensor, right: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
        """Update the memory, then read it."""
        f, i, g = _gates(left, right)
        written = torch.mul(f, memory).addcmul_(i, g)
        ctx.save_for_backward(memory, left, right, query, written)
        return written, torch.bmm(query.unsqueeze(1), written).squeeze(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_written: Tensor, grad_read: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the gradients with respect to memory, left, right and query."""
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
    """The three gates `[3, N, H, H]`: f and i after their sigmoids, g without one."""
    gates = left.unsqueeze(3) * right.unsqueeze(2)
    gates[0] += 1
    gates[:2].sigmoid_()
    return gates
