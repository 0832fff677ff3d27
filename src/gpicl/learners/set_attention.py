"""Attention to a context that is read as a set, for a class-free stream and one stream per class."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.learners.initialisation import variance_scaling_


class Slots(NamedTuple):
    """What one layer's attention looks at: the null slot, then one slot for every example of the context.

    Attributes:
        keys: [B * heads, N + 1, d / heads].
        values: The class-free stream's and then every class's, side by side, [B * heads, N + 1, (d + C e) / heads].
    """

    keys: Tensor
    values: Tensor


class SetAttention(nn.Module):
    """Adds what the examples of a context say, to a row's own stream and to each class's.

    Attention logits are `q_i . k_j + sum_r s_hr R_ij`, over relations `R` of row and example; the value of class c is
    `W g_{j,c} + w_y [y_j = c]`. Examples do not look at themselves: as queries have no label of their own to look at,
    an example that copied its own would be no model for them.

    Args:
        width: Size d of the class-free stream.
        class_width: Size e of a class's stream.
        heads: Attention heads; they divide both sizes.
        relations: Relations R.
        scale: Variance scaling of the weights.
    """

    def __init__(self, width: int, class_width: int, heads: int, relations: int, scale: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.class_norm = nn.LayerNorm(class_width)
        self.queries, self.keys, self.values = (
            variance_scaling_(nn.Linear(width, width, bias=False), scale) for _ in range(3)
        )
        self.class_values = variance_scaling_(nn.Linear(class_width, class_width, bias=False), scale)
        self.label_value = nn.Parameter(torch.ones(class_width))
        self.sharpness = nn.Parameter(_first_sharpness(heads, relations))
        self.null_key = nn.Parameter(torch.zeros(width))
        self.null_value = nn.Parameter(torch.zeros(width))
        self.out = variance_scaling_(nn.Linear(width, width), scale)
        self.class_out = nn.Linear(class_width, class_width, bias=False)
        nn.init.eye_(self.class_out.weight)

    def read(
        self,
        hidden: Float[Tensor, "B N d"],
        per_class: Float[Tensor, "B N C e"],
        is_class: Float[Tensor, "B N C 1"],
        relations: Float[Tensor, "B R N N"],
    ) -> tuple[Float[Tensor, "B N d"], Float[Tensor, "B N C e"], Slots]:
        """Let the examples of a context look at each other.

        Args:
            hidden: Their class-free streams.
            per_class: Their classes' streams.
            is_class: Their one-hot labels.
            relations: How they lie to each other.

        Returns:
            Both streams, and the slots that queries will look at.
        """
        normed = self.norm(hidden)
        class_values = self.class_values(self.class_norm(per_class)) + is_class * self.label_value
        slots = self._slots(self.keys(normed), self.values(normed), class_values)
        own = torch.eye(hidden.shape[1], dtype=torch.bool, device=hidden.device)
        hidden, per_class = self._attend(hidden, per_class, normed, slots, relations, own)
        return hidden, per_class, slots

    def look(
        self,
        hidden: Float[Tensor, "B Q d"],
        per_class: Float[Tensor, "B Q C e"],
        slots: Slots,
        relations: Float[Tensor, "B R Q N"],
    ) -> tuple[Float[Tensor, "B Q d"], Float[Tensor, "B Q C e"]]:
        """Let queries look at a context.

        Args:
            hidden: Their class-free streams.
            per_class: Their classes' streams.
            slots: The context's.
            relations: How they lie to it.
        """
        return self._attend(hidden, per_class, self.norm(hidden), slots, relations, None)

    def _slots(self, keys: Tensor, values: Tensor, class_values: Float[Tensor, "B N C e"]) -> Slots:
        keys, values = _null_first(self.null_key, keys), _null_first(self.null_value, values)
        keys, values, by_class = (
            x.unflatten(-1, (self.heads, -1)) for x in (keys, values, F.pad(class_values, (0, 0, 0, 0, 1, 0)))
        )
        # The heads go before the slots, and the classes of one head beside each other.
        by_class = by_class.permute(0, 3, 1, 2, 4).flatten(3)
        joined = torch.cat([values.transpose(1, 2), by_class.to(values.dtype)], 3)
        return Slots(keys.transpose(1, 2).flatten(0, 1), joined.flatten(0, 1))

    def _attend(
        self,
        hidden: Tensor,
        per_class: Tensor,
        normed: Tensor,
        slots: Slots,
        relations: Tensor,
        hide: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        heads, width = self.heads, hidden.shape[2]
        classes, class_width = per_class.shape[2:]
        bias = (self.sharpness.to(relations.dtype) @ relations.flatten(2)).unflatten(2, relations.shape[2:])
        if hide is not None:
            bias = bias.masked_fill(hide, float("-inf"))
        q = self.queries(normed).unflatten(2, (heads, -1)).transpose(1, 2).flatten(0, 1)
        # The null slot is like nothing.
        bias = F.pad(bias, (1, 0)).flatten(0, 1).to(q.dtype)
        scores = torch.baddbmm(bias, q, slots.keys.mT, alpha=q.shape[2] ** -0.5)
        mixed = torch.bmm(scores.softmax(2).to(slots.values.dtype), slots.values)
        own, others = mixed.unflatten(0, (-1, heads)).split([width // heads, classes * class_width // heads], 3)
        own = own.transpose(1, 2).flatten(2)
        others = others.unflatten(3, (classes, -1)).permute(0, 2, 3, 1, 4).flatten(3)
        return hidden + self.out(own), per_class + self.class_out(others)


def _first_sharpness(heads: int, relations: int) -> Float[Tensor, "heads R"]:
    """Each head begins with the cosines of one geometry, and all with different sharpness.

    Relations come in pairs, cosines and distances of one geometry after the other.
    """
    sharpness = torch.zeros(heads, relations)
    for head in range(heads):
        sharpness[head, 2 * (head % (relations // 2))] = 16 * (head + 1) / heads
    return sharpness


def _null_first(null: Float[Tensor, " d"], slots: Float[Tensor, "B N d"]) -> Float[Tensor, "B S d"]:
    return torch.cat([null.to(slots.dtype).expand(slots.shape[0], 1, -1), slots], 1)
