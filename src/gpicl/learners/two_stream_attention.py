"""Attention for a class-free stream and one stream per class, shared by both kernel Transformers."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.learners.attention import attend
from gpicl.learners.layers import variance_scaling_
from gpicl.learners.operations import permute_rows


class Slots(NamedTuple):
    """Keys and values of one layer: the null slot, then one slot per example.

    Attributes:
        keys: [B * heads, T + 1, d / heads].
        values: Values of the class-free stream, then of every class, [B * heads, T + 1, (d + C e) / heads].
    """

    keys: Tensor
    values: Tensor


class TwoStreamAttention(nn.Module):
    """Adds the values of a context's examples to a row's class-free stream and to each class's stream.

    All classes share their weights. Relations between rows enter as a bias of the scores, which subclasses compute from
    `sharpness`.

    Args:
        width: Size d of the class-free stream.
        class_width: Size e of a class's stream.
        heads: Attention heads; they divide both sizes.
        sharpness: Initial `sharpness` of each head, [heads, ...].
        scale: Variance scaling of the weights.
    """

    def __init__(self, width: int, class_width: int, heads: int, sharpness: Tensor, scale: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.class_norm = nn.LayerNorm(class_width)
        self.queries, self.keys, self.values = (
            variance_scaling_(nn.Linear(width, width, bias=False), scale) for _ in range(3)
        )
        self.class_values = variance_scaling_(nn.Linear(class_width, class_width, bias=False), scale)
        self.label_value = nn.Parameter(torch.ones(class_width))
        self.sharpness = nn.Parameter(sharpness)
        self.null_key = nn.Parameter(torch.zeros(width))
        self.null_value = nn.Parameter(torch.zeros(width))
        self.out = variance_scaling_(nn.Linear(width, width), scale)
        self.class_out = nn.Linear(class_width, class_width, bias=False)
        nn.init.eye_(self.class_out.weight)

    def slots(
        self, keys: Float[Tensor, "B T d"], values: Float[Tensor, "B T d"], class_values: Float[Tensor, "B T C e"]
    ) -> Slots:
        """Build the slots that rows attend to, the null slot first.

        Args:
            keys: One per example.
            values: One per example.
            class_values: One per example and class, in the precision of the values.
        """
        with_null = (
            _null_first(self.null_key, keys),
            _null_first(self.null_value, values),
            F.pad(class_values, (0, 0, 0, 0, 1, 0)),
        )
        # Heads come before slots, and the classes of one head are next to each other.
        keys, values, by_class = (x.unflatten(-1, (self.heads, -1)) for x in with_null)
        by_class = permute_rows(by_class, (0, 3, 1, 2)).flatten(3)
        joined = torch.cat([values.transpose(1, 2), by_class], 3)
        return Slots(keys.transpose(1, 2).flatten(0, 1), joined.flatten(0, 1))

    def attend(
        self,
        hidden: Float[Tensor, "B R d"],
        per_class: Float[Tensor, "B R C e"],
        queries: Float[Tensor, "B R d"],
        slots: Slots,
        bias: Float[Tensor, "B heads R S"],
        causal: bool = False,
    ) -> tuple[Float[Tensor, "B R d"], Float[Tensor, "B R C e"]]:
        """Let rows attend to slots.

        Args:
            hidden: Class-free streams of the rows.
            per_class: Per-class streams of the rows.
            queries: One per row.
            slots: Slots to attend to.
            bias: Added to the scores, in the precision of the queries; minus infinity where a row must not attend.
                Overwritten if `causal`.
            causal: Row t attends only to the slots 0..t: the null slot and the examples before it.
        """
        heads, width = self.heads, hidden.shape[2]
        classes, class_width = per_class.shape[2:]
        q = queries.unflatten(2, (heads, -1)).transpose(1, 2).flatten(0, 1)
        mixed = attend(q, slots.keys, slots.values, bias.flatten(0, 1), causal)
        own, others = mixed.unflatten(0, (-1, heads)).split([width // heads, classes * class_width // heads], 3)
        own = own.transpose(1, 2).flatten(2)
        others = permute_rows(others.unflatten(3, (classes, -1)), (0, 2, 3, 1)).flatten(3)
        return hidden + self.out(own), per_class + self.class_out(others)


def _null_first(null: Float[Tensor, " d"], slots: Float[Tensor, "B T d"]) -> Float[Tensor, "B S d"]:
    return torch.cat([null.to(slots.dtype).expand(slots.shape[0], 1, -1), slots], 1)
