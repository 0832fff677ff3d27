"""Attention to a context that is read as a set, for a class-free stream and one stream per class."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from gpicl.learners.two_stream_attention import Slots, TwoStreamAttention


class SetAttention(TwoStreamAttention):
    """Adds the values of all examples of a context, weighted by their relations to a row.

    Attention logits are `q_i . k_j / sqrt(D) + sum_r s_hr R_ij`, over relations `R` of row and example; the value of
    class c is `W g_{j,c} + w_y [y_j = c]`. Examples do not attend to themselves: queries have no label to copy, so an
    example that copied its own label would behave differently.

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
        """Let the examples of a context attend to each other.

        Args:
            hidden: Class-free streams of the examples.
            per_class: Per-class streams of the examples.
            is_class: One-hot labels of the examples.
            relations: Relations between the examples.

        Returns:
            Both streams, and the slots that queries attend to.
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
        """Let queries attend to a context.

        Args:
            hidden: Class-free streams of the queries.
            per_class: Per-class streams of the queries.
            slots: Slots of the context.
            relations: Relations between the queries and the context.
        """
        queries = self.queries(self.norm(hidden))
        return self.attend(hidden, per_class, queries, slots, self._bias(relations, queries.dtype))

    def _bias(
        self, relations: Float[Tensor, "B R _ N"], dtype: torch.dtype, hide: Bool[Tensor, "N N"] | None = None
    ) -> Float[Tensor, "B heads _ S"]:
        bias = (self.sharpness.to(relations.dtype) @ relations.flatten(2)).unflatten(2, relations.shape[2:])
        if hide is not None:
            bias = bias.masked_fill(hide, float("-inf"))
        return F.pad(bias, (1, 0)).to(dtype)  # the null slot has no relations


def _first_sharpness(heads: int, relations: int) -> Float[Tensor, "heads R"]:
    """Each head starts with the cosines of one geometry, all with different sharpness.

    Relations come in pairs: cosine and nearness of the first geometry, then of the second, and so on.
    """
    sharpness = torch.zeros(heads, relations)
    for head in range(heads):
        sharpness[head, 2 * (head % (relations // 2))] = 16 * (head + 1) / heads
    return sharpness
