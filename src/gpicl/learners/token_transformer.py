"""GPICL's Transformer: the previous label is part of the token."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gpicl.learners.attention import causal_attention
from gpicl.learners.base import Learner
from gpicl.learners.layers import FeedForward, variance_scaling_
from gpicl.learners.non_finite import linear_by_row
from gpicl.learners.operations import joint_linear, previous_label
from gpicl.learners.options import at_least


class TokenTransformer(Learner):
    """The published learner (paper, section 3.2): tokens `[x_t ; one-hot(y_{t-1})]`, learned positions, causal blocks.

    Its loss stays on a plateau of ln C before in-context learning appears, because some head must first learn to bind
    an example to the label that follows it one token later. The bias intervention shortens the plateau.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.
        layers: Number of blocks.
        width: Size d of the residual stream.
        heads: Attention heads per block.
        key_size: Size of one head's queries, keys and values; independent of the width.
        max_length: Number of learned positions, which is the longest episode that can be read.
    """

    def __init__(
        self,
        num_features: int,
        num_classes: int,
        layers: int = 4,
        width: int = 256,
        heads: int = 8,
        key_size: int = 32,
        max_length: int = 100,
    ) -> None:
        super().__init__(num_features, num_classes)
        at_least(1, layers=layers, width=width, heads=heads, key_size=key_size, max_length=max_length)
        self.max_length = max_length
        self.embed = variance_scaling_(nn.Linear(num_features + num_classes, width), 1.0)
        self.positions = nn.Parameter(torch.empty(max_length, width))
        nn.init.trunc_normal_(self.positions, std=0.1, a=-0.2, b=0.2)
        scale = 2 / layers
        self.blocks = nn.ModuleList(
            nn.Sequential(_SelfAttention(width, heads, key_size, scale), FeedForward(width, scale))
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.readout = variance_scaling_(nn.Linear(width, num_classes), 1.0)

    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label from the examples before it; see `Learner.forward`."""
        before = previous_label(labels, self.num_classes).to(inputs.dtype)
        hidden = linear_by_row(self.embed, torch.cat([inputs, before], 2)) + self.positions[: inputs.shape[1]]
        for block in self.blocks:
            hidden = block(hidden)
        return self.readout(self.norm(hidden))

    def state_size(self, length: int = 100) -> int:
        """Keys and values of every layer and position: `layers * T * 2 * heads * key_size`."""
        return len(self.blocks) * length * 2 * self.options["heads"] * self.options["key_size"]


class _SelfAttention(nn.Module):
    """`h + W_o attention(LayerNorm(h))`, causal; a position also attends to itself."""

    def __init__(self, width: int, heads: int, key_size: int, scale: float) -> None:
        super().__init__()
        self.heads, self.key_size = heads, key_size
        self.norm = nn.LayerNorm(width)
        self.queries, self.keys, self.values = (
            variance_scaling_(nn.Linear(width, heads * key_size), scale) for _ in range(3)
        )
        self.out = variance_scaling_(nn.Linear(heads * key_size, width), scale)

    def forward(self, hidden: Float[Tensor, "B T d"]) -> Float[Tensor, "B T d"]:
        projected = joint_linear(self.norm(hidden), self.queries, self.keys, self.values)
        heads = (x.unflatten(2, (self.heads, self.key_size)) for x in projected)
        return hidden + self.out(causal_attention(*heads).flatten(2))
