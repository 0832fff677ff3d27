"""Kernel ridge regression on one-hot labels, solved in closed form.

Several kernels in several geometries give several predictions. A context's own examples are predicted as if each had
been left out, which needs no second solution, so that they are comparable with queries. Two parts still know an
example's own label: the prior of the classes, and kernels whitened within classes.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gpicl.learners.geometry import Relations
from gpicl.learners.operations import constant, inverse


class Kernel(NamedTuple):
    """A kernel with ones on the diagonal, and its ridge.

    Attributes:
        name: `cosine`: `((1 + cos) / 2)^power`; `laplace`: `exp(-sqrt(distance) / 2)`.
        power: Power of the cosine kernel.
        ridge: Added to the diagonal.
    """

    name: str
    power: int
    ridge: float


# Chosen from a dozen kernels with five ridges each by their accuracy alone on MNIST, Fashion-MNIST and digits
# (docs/lab-notebook.md).
PLAIN = (Kernel("cosine", 4, 0.03), Kernel("cosine", 2, 0.1), Kernel("laplace", 1, 0.03))
WHITENED = (Kernel("cosine", 4, 0.03), Kernel("cosine", 4, 0.3))


class Solution(NamedTuple):
    """What queries need of a context; K kernels over all geometries.

    Attributes:
        inverses: Inverses of the kernel matrices with their ridges, [B, K, N, N].
        weights: Weight of every example in every class's prediction, [B, K, N, C].
        prior: Share of every class, [B, 1, 1, C].
    """

    inverses: Tensor
    weights: Tensor
    prior: Tensor


class Opinions(NamedTuple):
    """Predictions of R rows.

    Attributes:
        scores: Score of every class, near 0 or 1, [B, R, C, K].
        doubts: Standard deviations of the Gaussian processes of the same kernels, [B, R, K].
    """

    scores: Tensor
    doubts: Tensor


def count_opinions(geometries: int) -> int:
    """Number of kernels K for this many geometries, the first of which is the plain one."""
    return len(PLAIN) + len(WHITENED) * (geometries - 1)


def solve(relations: Relations, is_class: Float[Tensor, "B N C"]) -> tuple[Solution, Opinions]:
    """Fit all kernels to a context, and predict each of its examples from the others.

    Args:
        relations: Relations between the context's examples.
        is_class: One-hot labels.
    """
    count, classes = is_class.shape[1:]
    prior = ((is_class.sum(1) + 1) / (count + classes))[:, None, None]
    kernels = _kernels(relations)
    ridges = _ridges(kernels)
    inverses = inverse(kernels + ridges * torch.eye(count, dtype=kernels.dtype, device=kernels.device))
    targets = is_class[:, None] - prior
    weights = inverses @ targets
    diagonal = inverses.diagonal(dim1=2, dim2=3)[..., None]
    left_out = targets - weights / diagonal + prior
    doubts = (1 / diagonal - ridges).squeeze(3)
    return Solution(inverses, weights, prior), _opinions(left_out, doubts)


def ask(solution: Solution, relations: Relations) -> Opinions:
    """Predict queries.

    Args:
        solution: Returned by `solve`.
        relations: Relations between the queries and the context.
    """
    kernels = _kernels(relations)
    doubts = 1 - (kernels @ solution.inverses * kernels).sum(3)
    return _opinions(kernels @ solution.weights + solution.prior, doubts)


def _opinions(scores: Tensor, variances: Tensor) -> Opinions:
    return Opinions(scores.permute(0, 2, 3, 1), variances.clamp_min(1e-4).sqrt().transpose(1, 2))


def _kernels(relations: Relations) -> Float[Tensor, "B K R N"]:
    geometries = relations.cosines.shape[1]
    return torch.stack(
        [_kernel(relations, g, kernel) for g in range(geometries) for kernel in (WHITENED if g else PLAIN)], 1
    )


def _kernel(relations: Relations, geometry: int, kernel: Kernel) -> Float[Tensor, "B R N"]:
    if kernel.name == "cosine":
        return ((1 + relations.cosines[:, geometry]) / 2) ** kernel.power
    # A small number is added because the root's slope is infinite at zero.
    return (-(relations.distances[:, geometry] + 1e-9).sqrt() / 2).exp()


def _ridges(kernels: Float[Tensor, "B K R N"]) -> Float[Tensor, "K 1 1"]:
    more = (kernels.shape[1] - len(PLAIN)) // len(WHITENED)
    ridges = tuple(kernel.ridge for kernel in PLAIN + WHITENED * more)
    return constant(ridges, kernels.dtype, kernels.device)[:, None, None]
