"""Lifts: more features from those of a space, so that a direction from the mean can tell what it could not tell before.

WHY: the learner compares directions from the mean. A class that lies around the mean has no direction of its own;
lifted, it has. Each lift is made from the context alone and then maps queries too.
"""

import numpy as np
from jaxtyping import Float64
from scipy.linalg import cholesky, solve_triangular

# Decay of a similarity by squared distance, in units of the median one between two examples of the context. Between
# 0.5 and 1 it made no difference that could be told from chance where views were chosen.
_DECAY = 0.7


class Plain:
    """The features themselves.

    Args:
        context: Features of the context, in a space.
    """

    def __init__(self, context: Float64[np.ndarray, "N F"]) -> None:
        pass

    def __call__(self, features: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
        """Lift the context, or queries."""
        return features


class Squares:
    """The features and their squares, of equal weight where a feature is standard normal.

    Args:
        context: Features of the context, in a space.
    """

    def __init__(self, context: Float64[np.ndarray, "N F"]) -> None:
        pass

    def __call__(self, features: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Lift the context, or queries."""
        return np.hstack([features, features**2 / np.sqrt(2)])


class Distances:
    """Features whose inner products are `exp(-decay * squared distance / median)`: nearness in place of direction.

    They are the coordinates of Nystroem's method with every example of the context as a landmark, `k(x) L^-T` with
    `L L^T = k(context)`: exact for two examples of the context, and for a query and an example.

    Args:
        context: Features of the context, in a space.
    """

    def __init__(self, context: Float64[np.ndarray, "N F"]) -> None:
        self._landmarks = context
        squares = _squared_distances(context, context)
        apart = squares[np.triu_indices(len(context), 1)]
        median = float(np.median(apart)) if len(context) > 1 else 0.0
        # Where most examples are the same there is no such distance, and any scale is as good as another.
        self._scale = _DECAY / median if median > 0 else 1.0
        nearness = np.exp(-self._scale * squares)
        # Equal examples make it singular; the least that a factorisation needs is far below what any learner sees.
        nearness[np.diag_indices(len(context))] += 1e-8 * len(context)
        self._root = cholesky(nearness, lower=True, overwrite_a=True, check_finite=False)

    def __call__(self, features: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Lift the context, or queries."""
        nearness = np.exp(-self._scale * _squared_distances(features, self._landmarks))
        return solve_triangular(self._root, nearness.T, lower=True, check_finite=False).T


def _squared_distances(a: Float64[np.ndarray, "N F"], b: Float64[np.ndarray, "M F"]) -> Float64[np.ndarray, "N M"]:
    """As a matrix product, which is far faster than one by one where there are many features."""
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return np.maximum(squares, 0, out=squares)
