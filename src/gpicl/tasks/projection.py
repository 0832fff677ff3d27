"""Random linear projections of an episode's inputs: one that is kept by its key, and one that is drawn afresh."""

from collections.abc import Sequence

import torch
from jaxtyping import Float32, Shaped
from torch import Tensor

from gpicl.tasks.gram import gram
from gpicl.tasks.normals import standard_normals

# Relative to the mean square of the inputs: above what float64 rounding can do to 1,000 examples (about 1e-12), and its
# square root, by which repeated examples then differ, is below the resolution of the bfloat16 that learners compute in.
_SHIFT = 1e-11


def normalise(pixels: Shaped[Tensor, "*rows N"], mean: float, std: float) -> Float32[Tensor, "*rows N"]:
    """Subtract one scalar mean and divide by one scalar standard deviation."""
    return pixels.float().sub_(mean).div_(std)


def project(
    inputs: Float32[Tensor, "B T N"], keys: Sequence[int], num_features: int
) -> Float32[Tensor, "B T {num_features}"]:
    """Project each episode by the matrix `A` of its key, `A_ij ~ Normal(0, 1 / N)`.

    Args:
        inputs: Normalised inputs.
        keys: One per episode; the same key is the same `A`.
        num_features: Rows of `A`, the features of the result.
    """
    num_inputs = inputs.shape[2]
    matrices = standard_normals(keys, num_features, num_inputs, inputs.device)
    return torch.bmm(inputs, matrices.mT).mul_(num_inputs**-0.5)


def project_afresh(
    pixels: Shaped[Tensor, "B T N"], mean: float, std: float, keys: Sequence[int], num_features: int
) -> Float32[Tensor, "B T {num_features}"]:
    """Project each episode by a matrix that is never used again, without ever drawing that matrix.

    WHY: for fixed inputs `X` the columns of `X A^T` are independent draws of `Normal(0, X X^T / N)`. With
    `L L^T = X X^T / N` and `Z` T x F standard normal, `L Z` has exactly that distribution and needs `T F` normals
    instead of `N F`. Where the episode is no shorter than its inputs are wide, drawing `A` is the cheaper way.

    Args:
        pixels: Inputs as they are stored.
        mean: Scalar mean of the data set.
        std: Scalar standard deviation of the data set.
        keys: One per episode.
        num_features: Features of the result.
    """
    length, num_inputs = pixels.shape[1:]
    if length >= num_inputs:
        return project(normalise(pixels, mean, std), keys, num_features)
    # First of all, while no product's idle threads are still spinning on the cores that draw.
    normals = standard_normals(keys, length, num_features, pixels.device)
    covariance = gram(pixels, mean, std).div_(num_inputs)
    diagonal = covariance.diagonal(dim1=1, dim2=2)
    diagonal += _SHIFT * diagonal.mean(1, keepdim=True)
    # cholesky_ex: no check, so that a GPU need not wait; the shift has made the matrix positive definite.
    factor = torch.linalg.cholesky_ex(covariance).L
    return torch.bmm(factor.float(), normals)
