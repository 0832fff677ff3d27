"""Masked attention that is fast on a CPU and in which no position depends on a later one."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from gpicl.learners.non_finite import hide_, is_finite, nan_rows, saturated, zeroed


def causal_attention(
    queries: Float[Tensor, "B T H D"], keys: Float[Tensor, "B T H D"], values: Float[Tensor, "B T H D"]
) -> Float[Tensor, "B T H D"]:
    """Attend from position t to the slots 0..t.

    WHY not always `scaled_dot_product_attention`: on CPUs its backward pass in bfloat16 takes about five times as long
    as these plain matrix products at T = 100; on GPUs the fused kernel wins.

    Args:
        queries: One per position and head.
        keys: One per slot and head.
        values: One per slot and head.
    """
    if _has_fused_kernel(queries):
        q, k, v = (x.transpose(1, 2) for x in (queries, keys, values))
        # The fused kernels overwrite masked scores, but still multiply the masked values by zero.
        return F.scaled_dot_product_attention(q, k, saturated(v), is_causal=True).transpose(1, 2)
    return _by_head(queries, keys, values, causal=True)


def full_attention(
    queries: Float[Tensor, "B Q H D"], keys: Float[Tensor, "B T H D"], values: Float[Tensor, "B T H D"]
) -> Float[Tensor, "B Q H D"]:
    """Attend from every query to all slots.

    Args:
        queries: One per query and head.
        keys: One per slot and head.
        values: One per slot and head.
    """
    return _by_head(queries, keys, values, causal=False)


def attend(
    queries: Float[Tensor, "N R D"],
    keys: Float[Tensor, "N S D"],
    values: Float[Tensor, "N S E"],
    bias: Float[Tensor, "*one_or_N R S"],
    causal: bool,
) -> Float[Tensor, "N R E"]:
    """Compute `softmax(q k^T / sqrt(D) + bias) v` for N heads at once.

    Args:
        queries: One per row.
        keys: One per slot.
        values: One per slot, of any size.
        bias: Added to the scores, in the precision of the queries. Overwritten if `causal`.
        causal: Row t sees only the slots 0..t, even if later slots are not finite.
    """
    scale = queries.shape[2] ** -0.5
    if not causal:
        return torch.bmm(torch.baddbmm(bias, queries, keys.mT, alpha=scale).softmax(2), values)
    rows, slots = queries.shape[1], keys.shape[1]
    if queries.device.type != "cpu":
        scores = torch.baddbmm(bias, queries, keys.mT, alpha=scale)
        hidden = torch.ones(rows, slots, dtype=torch.bool, device=queries.device).triu_(1)
        return torch.bmm(hide_(scores, hidden).softmax(2), saturated(values))
    # The mask is added to the bias: overwriting the scores takes another pass over the largest tensor.
    bias += queries.new_full((rows, slots), float("-inf")).triu_(1)
    mixed = torch.bmm(torch.baddbmm(bias, queries, keys.mT, alpha=scale).softmax(2), values)
    if is_finite(mixed):
        return mixed
    hidden = torch.ones(rows, slots, dtype=torch.bool).triu_(1)
    return _attend_with_care(queries, keys, values, bias, hidden)


def _attend_with_care(
    queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor, hidden: Bool[Tensor, "R S"]
) -> Tensor:
    """Bitwise the same in rows that see only finite numbers, NaN in all other rows."""
    seen = (nan_rows(keys) + nan_rows(values)).mT.masked_fill(hidden, 0.0).sum(2, keepdim=True)
    bias = bias.masked_fill(hidden, 0.0)
    scores = torch.baddbmm(bias, zeroed(queries), zeroed(keys).mT, alpha=queries.shape[2] ** -0.5)
    weights = scores.masked_fill(hidden, float("-inf")).softmax(2)
    return torch.bmm(zeroed(weights), zeroed(values)) + (seen + nan_rows(queries) + nan_rows(weights))


def _by_head(queries: Tensor, keys: Tensor, values: Tensor, causal: bool) -> Tensor:
    heads = queries.shape[2]
    q, k, v = (x.transpose(1, 2).flatten(0, 1) for x in (queries, keys, values))
    mixed = attend(q, k, v, q.new_zeros(q.shape[1], k.shape[1]), causal)
    return mixed.unflatten(0, (-1, heads)).transpose(1, 2)


def _has_fused_kernel(queries: Float[Tensor, "B T H D"]) -> bool:
    """Whether a GPU has one for this type and size; otherwise PyTorch uses plain products, which let NaN through."""
    aligned = queries.shape[3] * queries.element_size() % 16 == 0
    return queries.device.type != "cpu" and queries.dtype != torch.float64 and aligned
