"""The plateau-free Transformer: a label is part of its example's value only."""

from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.learners.attention import causal_attention, full_attention
from gpicl.learners.base import EncodedContext, Learner
from gpicl.learners.layers import FeedForward, variance_scaling_
from gpicl.learners.non_finite import linear_by_row
from gpicl.learners.operations import joint_linear
from gpicl.learners.options import at_least

# One layer's keys and values by head, [B, T + 1, H, D] each: the null slot, then one slot per example.
_Slots = tuple[Tensor, Tensor]


class ValueTransformer(Learner):
    """Tokens hold only `x_t`; in every layer, a label is added to its example's value, `v_i = W_v h_i + W_l e(y_i)`.

    Attention is strictly causal: position t attends to the examples before it and to one learned null slot, without
    which the first row would attend to nothing. A token never holds its own label, so every position can be a query,
    and no head has to learn to bind an example to its label first: there is no plateau. The order of the examples
    matters only through causality, so episodes of any length can be read.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        layers: Number of blocks.
        width: Size d of the residual stream.
        heads: Attention heads per block.
        key_size: Size of one head's queries, keys and values.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        layers: int = 4,
        width: int = 128,
        heads: int = 4,
        key_size: int = 32,
    ) -> None:
        super().__init__(num_features, num_classes)
        at_least(1, layers=layers, width=width, heads=heads, key_size=key_size)
        scale = 2 / layers
        self.embed = variance_scaling_(nn.Linear(num_features, width), 1.0)
        self.attentions = nn.ModuleList(
            _LabelledAttention(width, num_classes, heads, key_size, scale) for _ in range(layers)
        )
        self.feed_forwards = nn.ModuleList(FeedForward(width, scale) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.readout = variance_scaling_(nn.Linear(width, num_classes), 1.0)

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        return self.encode_context(inputs, labels).logits

    def encode_context(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> EncodedContext:
        """See `Learner.encode_context`. The memory holds every layer's slots, the null slot first."""
        hidden = linear_by_row(self.embed, inputs)
        one_hot = F.one_hot(labels, self.num_classes).to(hidden.dtype)
        memory = []
        for attention, feed_forward in zip(self.attentions, self.feed_forwards, strict=True):
            hidden, slots = attention(hidden, one_hot)
            hidden = feed_forward(hidden)
            memory.append(slots)
        return EncodedContext(self.readout(self.norm(hidden)), memory)

    def query(self, memory: list[_Slots], queries: Float[Tensor, "B Q F"]) -> Float[Tensor, "B Q C"]:
        """Predict queries that do not see each other; see `Learner.query`."""
        hidden = linear_by_row(self.embed, queries)
        attentions = cast("list[_LabelledAttention]", list(self.attentions))
        for attention, feed_forward, slots in zip(attentions, self.feed_forwards, memory, strict=True):
            hidden = feed_forward(attention.look(hidden, slots))
        return self.readout(self.norm(hidden))

    def query_size(self, length: int) -> int:
        """Scores of every head and slot, and the activations of a block."""
        heads, key_size, width = (self.options[name] for name in ("heads", "key_size", "width"))
        return 3 * heads * (length + 1) + 12 * (width + heads * key_size)

    def state_size(self, length: int = 100) -> int:
        """Keys and values of every layer and position: `layers * T * 2 * heads * key_size`."""
        return len(self.attentions) * length * 2 * self.options["heads"] * self.options["key_size"]


class _LabelledAttention(nn.Module):
    """`h + W_o attention(LayerNorm(h), labels)` over the examples before each position."""

    def __init__(self, width: int, num_classes: int, heads: int, key_size: int, scale: float) -> None:
        super().__init__()
        self.heads, self.key_size = heads, key_size
        inner = heads * key_size
        self.norm = nn.LayerNorm(width)
        self.queries, self.keys, self.values = (
            variance_scaling_(nn.Linear(width, inner, bias=False), scale) for _ in range(3)
        )
        with torch.no_grad():
            # Keys start equal to queries, so from the first step a query attends to the examples that resemble it.
            self.keys.weight.copy_(self.queries.weight)
        self.label_values = nn.Parameter(torch.randn(num_classes, inner))
        self.null_key = nn.Parameter(torch.zeros(inner))
        self.null_value = nn.Parameter(torch.zeros(inner))
        self.out = variance_scaling_(nn.Linear(inner, width), scale)

    def forward(
        self, hidden: Float[Tensor, "B T d"], one_hot: Float[Tensor, "B T C"]
    ) -> tuple[Float[Tensor, "B T d"], _Slots]:
        queries, keys, values = joint_linear(self.norm(hidden), self.queries, self.keys, self.values)
        values = values + one_hot @ self.label_values
        slots = (self._null_first(self.null_key, keys), self._null_first(self.null_value, values))
        # Without the last example, slots 0..t hold the null slot and the examples before position t.
        before = (x[:, :-1] for x in slots)
        return hidden + self.out(causal_attention(self._by_head(queries), *before).flatten(2)), slots

    def look(self, hidden: Float[Tensor, "B Q d"], slots: _Slots) -> Float[Tensor, "B Q d"]:
        """Let queries attend to all slots of a context."""
        queries = self._by_head(self.queries(self.norm(hidden)))
        return hidden + self.out(full_attention(queries, *slots).flatten(2))

    def _null_first(self, null: Float[Tensor, " d"], slots: Float[Tensor, "B T d"]) -> Float[Tensor, "B S H D"]:
        first = null.to(slots.dtype).expand(slots.shape[0], 1, -1)
        return self._by_head(torch.cat([first, slots], 1))

    def _by_head(self, joined: Float[Tensor, "B T d"]) -> Float[Tensor, "B T H D"]:
        return joined.unflatten(2, (self.heads, self.key_size))
