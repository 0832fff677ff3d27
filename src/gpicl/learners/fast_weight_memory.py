"""An LSTM that writes to an associative memory by the delta rule."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.learners.base import Learner
from gpicl.learners.layers import ExampleEncoder, OpenLSTM
from gpicl.learners.non_finite import is_finite, nan_rows, zeroed
from gpicl.learners.options import at_least


class FastWeightMemory(Learner):
    """LSTM on `[x_t ; one-hot(y_{t-1})]` with an additional `size x size^2` memory (paper, table of architectures).

    At each example the LSTM's output gives `k1, k2, v` (tanh) and a gate `beta` (sigmoid); with the key `k = k1 (x) k2`
    the memory changes by the delta rule, `M += beta (v - M k) k^T`. Then it is read, `r = M (k1' (x) k2')`, and the
    logits are `Linear(out + Linear(LayerNorm(r)))`.

    The memory never feeds back into the LSTM, so it needs no recurrence: see `_delta_rule`.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        hidden: Size of the LSTM.
        size: Size of `k1`, `k2` and `v`.
    """

    def __init__(self, num_features: int, num_classes: int, hidden: int = 64, size: int = 16) -> None:
        super().__init__(num_features, num_classes)
        at_least(1, hidden=hidden, size=size)
        self.hidden, self.size = hidden, size
        self.encoder = ExampleEncoder(num_features, num_classes, ())
        self.memory = OpenLSTM(self.encoder.size, hidden)
        self.write = nn.Linear(hidden, 3 * size + 1)
        self.read = nn.Linear(hidden, 2 * size)
        self.norm = nn.LayerNorm(size)
        self.merge = nn.Linear(size, hidden)
        self.readout = nn.Linear(hidden, num_classes)

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        out, _ = self.memory(self.encoder(inputs, labels))
        out = out.transpose(0, 1).to(self.write.weight.dtype)
        with torch.autocast(out.device.type, enabled=False):  # half precision is too inexact for the triangular solve
            written = self.write(out)
            k1, k2, values = written[..., :-1].tanh().chunk(3, 2)
            q1, q2 = self.read(out).tanh().chunk(2, 2)
            read = _delta_rule((k1, k2), values, written[..., -1:].sigmoid(), (q1, q2))
            return self.readout(out + self.merge(self.norm(read)))

    def state_size(self, length: int = 100) -> int:
        """The LSTM's state and the memory: `2 hidden + size * size^2`."""
        return 2 * self.hidden + self.size**3


def _delta_rule(keys: tuple[Tensor, Tensor], values: Tensor, gates: Tensor, queries: tuple[Tensor, Tensor]) -> Tensor:
    """Read the memory at each position, after all positions up to it have written.

    Position s adds `beta_s u_s k_s^T` with `u_s = v_s - M_{s-1} k_s`, so the `u` solve the triangular system
    `u_t + sum_{s<t} beta_s (k_s . k_t) u_s = v_t`, and position t reads `sum_{s<=t} beta_s (k_s . q_t) u_s`. Keys are
    outer products, so `k_s . k_t` is a product of two small inner products: no key and no memory is ever formed.

    The updates of long keys grow from example to example, until they overflow.
    """
    if values.device.type == "cpu":
        by_query, updates = _solve(keys, values, gates, queries)
        read = by_query @ updates
        if is_finite(read):
            return read
    parts = (*keys, values, gates)
    by_query, updates = _solve(
        (zeroed(keys[0]), zeroed(keys[1])), zeroed(values), zeroed(gates), (zeroed(queries[0]), zeroed(queries[1]))
    )
    unwritten = sum((nan_rows(part) for part in parts), nan_rows(updates))
    return by_query @ zeroed(updates) + (unwritten.cumsum(1) + nan_rows(queries[0]) + nan_rows(queries[1]))


def _solve(
    keys: tuple[Tensor, Tensor], values: Tensor, gates: Tensor, queries: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """How much of every update each position reads, and the updates."""
    by_key = (keys[0] @ keys[0].mT) * (keys[1] @ keys[1].mT) * gates.mT
    by_query = (queries[0] @ keys[0].mT) * (queries[1] @ keys[1].mT) * gates.mT
    # Only the part below the diagonal is read; the ones on the diagonal are implicit.
    updates = torch.linalg.solve_triangular(by_key.tril(-1), values, upper=False, unitriangular=True)
    return by_query.tril(), updates
