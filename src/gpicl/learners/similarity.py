"""How alike two inputs are, from what has been seen so far."""

import torch
from jaxtyping import Float
from torch import Tensor


def causal_similarity(inputs: Float[Tensor, "B T F"]) -> Float[Tensor, "B T T"]:
    """Cosine of `x_t - m_t` and `x_j - m_t`, with `m_t` the mean of the inputs up to t; row t, column j.

    WHY centred: the inputs of an episode share a large mean, beside which their differences would not show. WHY the
    running mean: at position t nothing of what comes later may be known. Columns beyond t are meaningless and have to
    be masked. Only the Gram matrix is used, so rotating the inputs changes nothing.

    Args:
        inputs: The examples' features.
    """
    with torch.autocast(inputs.device.type, enabled=False):
        x = inputs if inputs.dtype == torch.float64 else inputs.float()
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
        # Where there is no difference from the mean, as at the first position, rounding could make it negative.
        # The least is taken from the inputs up to t alone.
        least = (1e-6 * squares.cumsum(1) / counts + 1e-12)[:, :, None]
        return product / ((query_norm[:, :, None].clamp_min(0) + least) * (key_norm.clamp_min(0) + least)).sqrt()
