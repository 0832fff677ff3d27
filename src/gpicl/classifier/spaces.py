"""Spaces in which examples are compared: as they are, column by column, or with correlations taken out.

A learner sees directions from the mean, so what a space changes is which columns count, and how much. Each space is
made from the context alone and then maps queries too.
"""

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtri
from scipy.stats import rankdata


class Scaled:
    """One mean per column, one scale for all: right where all columns share a unit, as the pixels of an image do.

    Args:
        context: Features of the context.
    """

    def __init__(self, context: Float64[np.ndarray, "N F"]) -> None:
        self._mean = context.mean(0)
        self._scale = float((context - self._mean).std()) or 1.0

    def __call__(self, features: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
        """Map the context, or queries."""
        return (features - self._mean) / self._scale


class NormalScores:
    """Every column by its ranks, as quantiles of a standard normal: neither units nor heavy tails matter.

    Values between two of the context's are interpolated; values beyond all of them count as the outermost.

    Args:
        context: Features of the context.
    """

    def __init__(self, context: Float64[np.ndarray, "N F"]) -> None:
        # Equal values have equal scores, so it does not matter which of them an interpolation meets.
        self._values = np.sort(context, axis=0)
        self._scores = ndtri((rankdata(self._values, axis=0) - 0.5) / len(context))

    def __call__(self, features: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
        """Map the context, or queries."""
        mapped = np.empty(features.shape)
        for column in range(features.shape[1]):
            mapped[:, column] = np.interp(features[:, column], self._values[:, column], self._scores[:, column])
        return mapped


class Whitened:
    """Principal components of another space, each divided by the square root of its standard deviation.

    WHY not by the standard deviation, which would make all of them equal: directions in which a few dozen examples
    hardly vary are mostly noise. Half-way did better on average where views were chosen, and worse on MNIST-1D.

    Args:
        context: Features of the context, in the other space.
    """

    def __init__(self, context: Float64[np.ndarray, "N F"]) -> None:
        self._mean = context.mean(0)
        _, singular, axes = np.linalg.svd(context - self._mean, full_matrices=False)
        variances = singular**2 / len(context)
        least = 1e-3 * variances.sum() / context.shape[1]
        self._axes = axes.T * (variances + (least or 1.0)) ** -0.25

    def __call__(self, features: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Map the context, or queries."""
        return (features - self._mean) @ self._axes
