"""Cosines and distances between inputs, given a whole context: plain, and whitened by its covariance.

Everything is made of inner products, so rotating the inputs changes nothing, and any number of features works.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gpicl.learners.operations import constant, inverse


class Whitening(NamedTuple):
    """A geometry `x^T (S + share * tr(S) I)^-1 x'`, in which directions with large variance count less.

    Attributes:
        share: Share of the total variance that is added to every direction; smaller values whiten more.
        within: Whether `S` is the covariance within the classes, as in linear discriminant analysis, rather than that
            of all examples.
    """

    share: float
    within: bool


# Chosen on Fashion-MNIST, where they gain about a point, and on MNIST and digits (docs/lab-notebook.md).
WHITENINGS = (Whitening(0.01, within=False), Whitening(0.03, within=False), Whitening(0.01, within=True))

# Directions in which a context varies less than this part of its mean square count as rounding errors.
_LEAST = 1e-6
# Largest distance, in units of the context's; larger ones are clipped.
_FARTHEST = 20.0


class Geometry(NamedTuple):
    """What queries need of a context; G geometries, the plain one first.

    Attributes:
        mean: Mean of the inputs, shrunk towards zero as if there were one more example at zero, [B, 1, F].
        centred: Inputs without it, over the root of their mean square length, [B, N, F].
        scale: That root, [B, 1, 1].
        evened: Matrices `E` with which `q^T q - p^T E p` is a square in each whitening, [B, G - 1, N, N], where `q` is
            the centred query and `p` the vector of its inner products with the context.
        transfer: `I - E K` with the context's Gram matrix `K`, which takes `p` to the whitening's, [B, G - 1, N, N].
        squares: Squared lengths of the context's inputs, [B, G, N].
    """

    mean: Tensor
    centred: Tensor
    scale: Tensor
    evened: Tensor
    transfer: Tensor
    squares: Tensor


class Relations(NamedTuple):
    """Cosines and distances between R rows and the N examples of a context, in each of G geometries.

    Attributes:
        cosines: Of the angles between centred inputs, [B, G, R, N].
        distances: Half of the squared distances, over the context's mean squared length, [B, G, R, N].
        lengths: Logarithms of lengths, over the root of that mean, [B, G, R].
    """

    cosines: Tensor
    distances: Tensor
    lengths: Tensor


def read_geometry(
    inputs: Float[Tensor, "B N F"], is_class: Float[Tensor, "B N C"], whitenings: tuple[Whitening, ...] = WHITENINGS
) -> tuple[Geometry, Relations]:
    """Compute a context's geometry.

    Args:
        inputs: The context's features, in float32 or float64; at least one example.
        is_class: One-hot labels.
        whitenings: Geometries in addition to the plain one.

    Returns:
        What queries need, and the relations between the context's examples.
    """
    count = inputs.shape[1]
    mean = inputs.sum(1, keepdim=True) / (count + 1)
    centred = inputs - mean
    least = _LEAST * inputs.square().sum(2).mean(1) + _LEAST**2
    scale = (centred.square().sum(2).mean(1) + least).sqrt()[:, None, None]
    centred = centred / scale
    gram = centred @ centred.mT
    identity = torch.eye(count, dtype=gram.dtype, device=gram.device)
    evened = _evened(gram, is_class, identity, whitenings)
    unevened = identity - evened @ gram[:, None]
    grams = torch.cat([gram[:, None], gram[:, None] @ unevened], 1)
    squares = grams.diagonal(dim1=2, dim2=3).clamp_min(_LEAST)
    geometry = Geometry(mean, centred, scale, evened, unevened, squares)
    return geometry, _relate(grams, squares, squares)


def see_geometry(geometry: Geometry, queries: Float[Tensor, "B Q F"]) -> Relations:
    """Compute the relations between queries and a context; queries do not see each other.

    Args:
        geometry: Returned by `read_geometry`.
        queries: Their features.
    """
    centred = (queries - geometry.mean) / geometry.scale
    products = (centred @ geometry.centred.mT)[:, None]
    plain = centred.square().sum(2)[:, None]
    whitened = plain - (products @ geometry.evened * products).sum(3)
    squares = torch.cat([plain, whitened], 1).clamp_min(_LEAST)
    return _relate(torch.cat([products, products @ geometry.transfer], 1), squares, geometry.squares)


def _evened(gram: Tensor, is_class: Tensor, identity: Tensor, whitenings: tuple[Whitening, ...]) -> Tensor:
    """The matrices `E` of `Geometry`, by the matrix inversion lemma."""
    if not whitenings:
        return gram.new_zeros(len(gram), 0, *gram.shape[1:])
    shares = constant(tuple(w.share for w in whitenings), gram.dtype, gram.device)
    total = gram.diagonal(dim1=1, dim2=2).sum(1).clamp_min(_LEAST)
    ridges = (total[:, None] * shares)[..., None, None] * identity
    # Subtracts the mean of its class from every example.
    centring = identity - is_class @ (is_class / is_class.sum(1, keepdim=True).clamp_min(1)).mT
    within = centring @ gram @ centring
    inverses = inverse(torch.stack([within if w.within else gram for w in whitenings], 1) + ridges)
    evened = [
        centring @ inverses[:, i] @ centring if whitening.within else inverses[:, i]
        for i, whitening in enumerate(whitenings)
    ]
    return torch.stack(evened, 1)


def _relate(products: Tensor, squares: Tensor, context_squares: Tensor) -> Relations:
    """Relations from inner products `[B, G, R, N]` and squared lengths of rows and columns."""
    mean = context_squares.mean(2)[:, :, None]
    rows, columns = squares[..., None], context_squares[:, :, None]
    cosines = (products / (rows * columns).sqrt()).clamp(-1.0, 1.0)
    distances = ((rows + columns - 2 * products) / (2 * mean[..., None])).clamp(0.0, _FARTHEST)
    lengths = (squares / mean).log().div(2).clamp(-3.0, 3.0)
    return Relations(cosines, distances, lengths)
