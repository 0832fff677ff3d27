"""The Gram matrix of an episode's normalised inputs, exactly."""

import torch
from jaxtyping import Float64, Shaped, UInt8
from torch import Tensor

# Whole numbers up to 2^24 are exact in float32: 1,024 products of two numbers of at most 2^7 stay below it.
_EXACT_TERMS = 1024
_CENTRE = 128


def gram(pixels: Shaped[Tensor, "B T N"], mean: float, std: float) -> Float64[Tensor, "B T T"]:
    """Compute `X X^T` for `X = (pixels - mean) / std`.

    WHY exactly: repeated or constant images make `X X^T` singular, and its Cholesky factor then needs a diagonal shift
    as large as the rounding error. Products of whole numbers have none in float32, at twice the speed of float64.

    Args:
        pixels: Images as uint8, or features as float32.
        mean: Scalar mean of the data set.
        std: Scalar standard deviation of the data set.
    """
    if pixels.dtype != torch.uint8:
        x = pixels.double().sub_(mean).div_(std)
        return x @ x.mT
    return _gram_of_pixels(pixels, mean, std)


def _gram_of_pixels(pixels: UInt8[Tensor, "B T N"], mean: float, std: float) -> Float64[Tensor, "B T T"]:
    whole = pixels.float().sub_(_CENTRE)
    blocks = whole.split(_EXACT_TERMS, dim=2)
    products = (blocks[0] @ blocks[0].mT).double()
    sums = blocks[0].sum(2).double()
    for block in blocks[1:]:
        products += block @ block.mT
        sums += block.sum(2)
    # (u + d)(v + d) summed over N pixels, where d moves the centre of the whole numbers to the mean.
    d = _CENTRE - mean
    sums *= d
    products += sums[:, :, None]
    products += sums[:, None, :]
    products += d * d * pixels.shape[2]
    return products.div_(std * std)
