"""An LSTM whose cell state is a matrix."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.learners.base import Learner
from gpicl.learners.example_encoder import ExampleEncoder
from gpicl.learners.initialisation import variance_scaling_
from gpicl.learners.options import at_least
from gpicl.learners.outer_product_step import OuterProductStep


class OuterProductLSTM(Learner):
    """The LSTM with an H x H state per head, gated by outer products (paper, section on state size).

    With `u_t` the encoded example, one linear layer on `[u_t ; h_{t-1}]` gives per head `k1, k2` in R^{3 x H} and
    `q, o` in R^H. For m in {i, g, f}: `G_m = softplus(kappa) tanh(k1_m) (x) tanh(k2_m)`. Then
    `C_t = sigmoid(G_f + 1) * C_{t-1} + sigmoid(G_i) * G_g` and `h_t = sigmoid(o) * tanh(C_t^T q)`; `C_0 = h_0 = 0`.

    It shows that state size, not parameter count, makes the in-context learner: as few parameters as a small LSTM, but
    a state that grows with the square of H.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        hidden: Rows and columns H of a head's memory.
        heads: Memories side by side.
        width: Size of the two ReLU layers that encode an example; None makes it `heads * hidden`.
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
        """Predict every label from what came before it; see `Learner.forward`."""
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
