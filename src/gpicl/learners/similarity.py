"""Similarity of two inputs, centred on the inputs seen so far."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gpicl.learners.operations import precise

# Share of the mean square that is added to every squared length, so that rounding errors do not count as a direction.
_LEAST = 1e-6


class ContextInputs(NamedTuple):
    """What similarities of queries to a context need of the context's inputs.

    Attributes:
        mean: Mean of the inputs, [B, 1, F].
        centred: Inputs minus the mean, [B, T, F].
        squares: Squared lengths of the centred inputs, [B, 1, T].
        total: Sum of the squared lengths of the original inputs, [B, 1].
    """

    mean: Tensor
    centred: Tensor
    squares: Tensor
    total: Tensor


def causal_similarity(inputs: Float[Tensor, "B T F"]) -> Float[Tensor, "B T T"]:
    """Cosine of `x_t - m_t` and `x_j - m_t`, with `m_t` the mean of the inputs up to t; row t, column j.

    WHY centred: the inputs of an episode share a large mean, which would hide their differences. WHY the running mean:
    position t must not depend on later inputs. Columns after t are meaningless and have to be masked. Only the Gram
    matrix is used, so rotating the inputs changes nothing.

    Args:
        inputs: The examples' features.
    """
    with torch.autocast(inputs.device.type, enabled=False):
        x = precise(inputs)
        gram = x @ x.mT
        counts = torch.arange(1, x.shape[1] + 1, device=x.device, dtype=x.dtype)
        # [i, t]: x_i . m_t, and [t]: m_t . m_t
        with_mean = gram.cumsum(2) / counts
        mean_square = (with_mean.cumsum(1) / counts[:, None]).diagonal(dim1=1, dim2=2)
        squares = gram.diagonal(dim1=1, dim2=2)
        own = with_mean.diagonal(dim1=1, dim2=2)
        product = gram - own[:, :, None] - with_mean.mT + mean_square[:, :, None]
        query_norm = squares - 2 * own + mean_square
        key_norm = squares[:, None, :] - 2 * with_mean.mT + mean_square[:, :, None]
        # If an input equals the mean, as at the first position, rounding could make its squared length negative.
        # The lower bound uses only the inputs up to t.
        least = (_LEAST * squares.cumsum(1) / counts + _LEAST**2)[:, :, None]
        return product / ((query_norm[:, :, None].clamp_min(0) + least) * (key_norm.clamp_min(0) + least)).sqrt()


def encode_inputs(inputs: Float[Tensor, "B T F"]) -> ContextInputs:
    """Return what `query_similarity` needs of a context.

    Args:
        inputs: The context's features.
    """
    x = precise(inputs)
    mean = x.mean(1, keepdim=True)
    centred = x - mean
    return ContextInputs(mean, centred, centred.square().sum(2)[:, None], x.square().sum((1, 2))[:, None])


def query_similarity(context: ContextInputs, queries: Float[Tensor, "B Q F"]) -> Float[Tensor, "B Q T"]:
    """Return the last row of `causal_similarity` for each query appended to the context by itself.

    The mean at that row includes the query, `m = (T m_T + q) / (T + 1)`. WHY the context's mean is subtracted first:
    the products are then small numbers, whose differences lose no digits to rounding.

    Args:
        context: Returned by `encode_inputs`.
        queries: Features of queries that do not see each other.
    """
    mean, centred, squares, total = context
    with torch.autocast(queries.device.type, enabled=False):
        x = queries.to(centred.dtype)
        count = centred.shape[1] + 1
        least = ((_LEAST / count) * (total + x.square().sum(2)) + _LEAST**2)[:, :, None]
        x = x - mean
        inner = x @ centred.mT
        own = x.square().sum(2)[:, :, None]
        # With q the centred query: the mean is now q / (T + 1), and q - q / (T + 1) = q T / (T + 1).
        share = (count - 1) / count
        product = share * (inner - own / count)
        key_norm = squares - (2 / count) * inner + own / count**2
        return product / ((share**2 * own + least) * (key_norm.clamp_min(0) + least)).sqrt()
