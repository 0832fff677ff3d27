"""Attention to a context that is read as a set, for a class-free stream and one stream per class."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from gpicl.learners.two_stream_attention import Slots, TwoStreamAttention


class SetAttention(TwoStreamAttention):
    """Adds what all examples of a context say, by how they lie to a row.

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
        super().__init__(width, class_width, heads, _first_sharpness(heads, relations), scale)

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
        keys, values = self.keys(normed), self.values(normed)
        slots = self.slots(keys, values, class_values.to(values.dtype))
        queries = self.queries(normed)
        own = torch.eye(hidden.shape[1], dtype=torch.bool, device=hidden.device)
        bias = self._bias(relations, queries.dtype, own)
        return *self.attend(hidden, per_class, queries, slots, bias), slots

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
        queries = self.queries(self.norm(hidden))
        return self.attend(hidden, per_class, queries, slots, self._bias(relations, queries.dtype))

    def _bias(
        self, relations: Float[Tensor, "B R _ N"], dtype: torch.dtype, hide: Bool[Tensor, "N N"] | None = None
    ) -> Float[Tensor, "B heads _ S"]:
        bias = (self.sharpness.to(relations.dtype) @ relations.flatten(2)).unflatten(2, relations.shape[2:])
        if hide is not None:
            bias = bias.masked_fill(hide, float("-inf"))
        return F.pad(bias, (1, 0)).to(dtype)  # the null slot is like nothing


def _first_sharpness(heads: int, relations: int) -> Float[Tensor, "heads R"]:
    """Each head begins with the cosines of one geometry, and all with different sharpness.

    Relations come in pairs, cosines and distances of one geometry after the other.
    """
    sharpness = torch.zeros(heads, relations)
    for head in range(heads):
        sharpness[head, 2 * (head % (relations // 2))] = 16 * (head + 1) / heads
    return sharpness
