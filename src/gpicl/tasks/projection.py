"""Random linear projections of whole batches: fixed for a task id, or new for every episode."""

import torch
from jaxtyping import Float32, Float64, Shaped
from torch import Tensor

from gpicl.tasks.randomness import Numbers

# Relative to the mean square of the inputs. It is above the float64 rounding error for 1,000 examples (about 1e-12).
# Repeated examples then differ by its square root, below the resolution of bfloat16, in which learners compute.
_SHIFT = 1e-11

# Whole numbers up to 2^24 are exact in float32: 1,024 products of two numbers of at most 2^7 stay below it.
_EXACT_TERMS = 1024
_CENTRE = 128

# Up to this ratio of input width to episode length, drawing the matrix is cheaper than the covariance and its factor.
_WIDEST_DENSE = 2


def normalise(stored: Shaped[Tensor, "*rows N"], mean: float, std: float) -> Float32[Tensor, "*rows N"]:
    """Subtract one scalar mean and divide by one scalar standard deviation."""
    return stored.float().sub_(mean).div_(std)


def project_by_id(
    inputs: Float32[Tensor, "B T N"], numbers: Numbers, num_features: int
) -> Float32[Tensor, "B T {num_features}"]:
    """Project each episode by the matrix `A` of its task, `A_ij ~ Normal(0, 1 / N)`.

    Args:
        inputs: Normalised inputs.
        numbers: Random numbers of the episodes; the same task has the same `A`.
        num_features: Rows of `A`, the features of the result.
    """
    num_inputs = inputs.shape[2]
    matrices = numbers.normals("projection", num_features, num_inputs)
    return torch.bmm(inputs, matrices.mT).mul_(num_inputs**-0.5)


def project_afresh(
    stored: Shaped[Tensor, "B T N"], mean: float, std: float, numbers: Numbers, num_features: int
) -> Float32[Tensor, "B T {num_features}"]:
    """Project each episode by a matrix that is never used again, without drawing that matrix.

    WHY: for fixed inputs `X` the columns of `X A^T` are independent draws of `Normal(0, X X^T / N)`. With
    `L L^T = X X^T / N` and `Z` T x F standard normal, `L Z` has exactly that distribution and needs `T F` normals
    instead of `N F`. If inputs are at most twice as wide as the episode is long, drawing `A` is cheaper.

    Args:
        stored: Inputs as stored: bytes, or float32.
        mean: Scalar mean of the data set.
        std: Scalar standard deviation of the data set.
        numbers: Random numbers of the episodes.
        num_features: Features of the result.
    """
    length = stored.shape[1]
    if stored.shape[2] <= _WIDEST_DENSE * length:
        return project_by_id(normalise(stored, mean, std), numbers, num_features)
    # Draw first, before the threads of a matrix product can spin on the cores that draw.
    normals = numbers.normals("projection", length, num_features)
    return torch.bmm(covariance_root(covariance(stored, mean, std)).float(), normals)


def covariance_root(covariance: Float64[Tensor, "B T T"]) -> Float64[Tensor, "B T T"]:
    """Return `L` with `L L^T` equal to a covariance that may be singular, shifted by 1e-11 of its mean diagonal.

    WHY in float64: without a shift, repeated examples, or fewer dimensions than examples, have no Cholesky factor. A
    shift large enough for float32 would change repeated examples by a hundredth of their size.

    Args:
        covariance: Changed in place.
    """
    diagonal = covariance.diagonal(dim1=1, dim2=2)
    # The smallest number is for episodes whose inputs are all zero.
    diagonal += _SHIFT * diagonal.mean(1, keepdim=True) + 1e-30
    # cholesky_ex skips the check, which would make a GPU wait; the shift has made the matrix positive definite.
    return torch.linalg.cholesky_ex(covariance).L


def covariance(stored: Shaped[Tensor, "B T N"], mean: float, std: float) -> Float64[Tensor, "B T T"]:
    """Compute `X X^T / N` for `X = (stored - mean) / std`.

    Products of pixels are computed as whole numbers, which are exact in float32 and twice as fast as float64.

    Args:
        stored: Images as uint8, or features as float32.
        mean: Scalar mean of the data set.
        std: Scalar standard deviation of the data set.
    """
    num_inputs = stored.shape[2]
    if stored.dtype != torch.uint8:
        x = stored.double()
        if (mean, std) != (0.0, 1.0):  # otherwise already normalised
            x.sub_(mean).div_(std)
        return torch.bmm(x, x.mT).div_(num_inputs)
    whole = stored.float().sub_(_CENTRE)
    blocks = whole.split(_EXACT_TERMS, dim=2)
    sums = sum((block.sum(2).double() for block in blocks[1:]), blocks[0].sum(2).double())
    # (u + d)(v + d) summed over N pixels, where d moves the centre of the whole numbers to the mean.
    d, scale = _CENTRE - mean, 1 / (std * std * num_inputs)
    sums = sums.mul_(d).add_(d * d * num_inputs / 2).mul_(scale)
    products = sums[:, :, None] + sums[:, None, :]
    for block in blocks:
        products.add_(torch.bmm(block, block.mT), alpha=scale)
    return products
