"""Views: different transformations of the same examples for the members of an ensemble.

The learner compares examples by their direction from the mean and by their distance. A view decides how much each
column counts, and what a direction means. Each is fitted to the context only, without labels, and then transforms
queries too.
"""

import copy
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.linalg import cholesky, solve_triangular
from scipy.special import ndtri
from scipy.stats import rankdata
from sklearn import config_context
from sklearn.preprocessing import StandardScaler
from sklearn.tree import ExtraTreeRegressor

from gpicl.classifier.trees import Trees

# Decay of similarity with squared distance, in units of the median squared distance between two examples of the
# context. On the data sets that views were chosen on, values between 0.5 and 1 made no significant difference.
_DECAY = 0.7
# Values are clipped to this many standard deviations.
_OUTERMOST = 10.0
_TREES, _DEPTH = 100, 4
# Columns share a unit if this share of them has at least this share of the largest range.
_SHARE, _RANGE = 0.5, 0.5
_FEWEST_COLUMNS = 16


class Steps:
    """Transformers in sequence, like scikit-learn's `Pipeline`.

    WHY not `Pipeline`: a fitted classifier is stored as plain data, which does not support pipelines, and for a single
    query a pipeline's checks take longer than its steps.

    Args:
        steps: Transformers that are not fitted yet.
    """

    def __init__(self, *steps: Any) -> None:
        self._steps = list(steps)

    def fit(self, X: Float64[np.ndarray, "N F"]) -> "Steps":
        """Fit every step to the output of the steps before it."""
        for step in self._steps:
            X = step.fit(X).transform(X)
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Transform the context, or queries, with all steps."""
        for step in self._steps:
            X = step.transform(X)
        return X


class _Transformer:
    """A transformer whose default `fit` does nothing."""

    def fit(self, X: Float64[np.ndarray, "N F"]) -> "_Transformer":
        """Do nothing; subclasses that need fitting override this."""
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Return the transformed rows."""
        return X


class Standardised(_Transformer):
    """Standardises every column.

    scikit-learn's `StandardScaler` is not kept: its output would depend on scikit-learn's global configuration, and a
    pickle on scikit-learn's version.
    """

    def fit(self, X: Float64[np.ndarray, "N F"]) -> "Standardised":
        """Learn means and scales; constant columns keep their scale."""
        scaler = StandardScaler().fit(X)
        self.mean_, self.scale_ = scaler.mean_, scaler.scale_
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
        """Subtract the means and divide by the scales."""
        return (X - self.mean_) / self.scale_


class Scaled(_Transformer):
    """Subtracts each column's mean and divides all by one scale, for columns that share a unit, such as pixels."""

    def fit(self, X: Float64[np.ndarray, "N F"]) -> "Scaled":
        """Learn means and scale."""
        self.mean_ = X.mean(0)
        self.scale_ = float((X - self.mean_).std()) or 1.0
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
        """Subtract the means and divide by the scale."""
        return (X - self.mean_) / self.scale_


class Clipped(_Transformer):
    """Clips values at ten standard deviations, so that one of them cannot outweigh all other columns."""

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
        """Clip the values."""
        return np.clip(X, -_OUTERMOST, _OUTERMOST)


class NormalScores(_Transformer):
    """Replaces values by the normal quantiles of their ranks, so that neither units nor heavy tails matter.

    Values between two of the context's values are interpolated; values outside their range are clipped. scikit-learn's
    `QuantileTransformer` maps the extreme values to 5.2 standard deviations, however few values there are.
    """

    def fit(self, X: Float64[np.ndarray, "N F"]) -> "NormalScores":
        """Learn the scores of the context's values."""
        # Equal values have equal scores, so it does not matter which of them is used for interpolation.
        self.values_ = np.sort(X, axis=0)
        self.scores_ = ndtri((rankdata(self.values_, axis=0) - 0.5) / len(X))
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
        """Interpolate the scores."""
        mapped = np.empty(X.shape)
        for column in range(X.shape[1]):
            mapped[:, column] = np.interp(X[:, column], self.values_[:, column], self.scores_[:, column])
        return mapped


class Squares(_Transformer):
    """The features and their squares, with equal weight for standard normal features.

    WHY: a class that is centred on the mean has no direction of its own; with squares it has one.
    """

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Append the squares."""
        return np.hstack([X, X**2 / np.sqrt(2)])


class Nearness(_Transformer):
    """Features whose inner products are `exp(-decay * squared distance / median)`, so that nearness replaces direction.

    They are Nystroem features with every example of the context as a landmark, `k(x) L^-T` with `L L^T = k(context)`.
    They are exact for two examples of the context, and for a query and an example. scikit-learn's `Nystroem` uses a
    singular value decomposition, which is several times as slow.
    """

    def fit(self, X: Float64[np.ndarray, "N F"]) -> "Nearness":
        """Keep the context as landmarks."""
        self.landmarks_ = X
        squares = _squared_distances(X, X)
        apart = squares[np.triu_indices(len(X), 1)]
        median = float(np.median(apart)) if len(X) > 1 else 0.0
        # If most examples are the same, the median is zero, and any scale is as good as another.
        self.scale_ = _DECAY / median if median > 0 else 1.0
        nearness = np.exp(-self.scale_ * squares)
        # Equal examples make the matrix singular; this small term makes the factorisation possible.
        nearness[np.diag_indices(len(X))] += 1e-8 * len(X)
        self.root_ = cholesky(nearness, lower=True, overwrite_a=True, check_finite=False)
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Return the Nystroem features."""
        nearness = np.exp(-self.scale_ * _squared_distances(X, self.landmarks_))
        return solve_triangular(self.root_, nearness.T, lower=True, check_finite=False).T


class TreeLeaves(_Transformer):
    """One-hot leaves of random trees: examples are similar if few thresholds separate them.

    This is a geometry that follows the columns. It is the same as scikit-learn's `RandomTreesEmbedding`, which takes
    twice as long.

    Args:
        random_state: Seed of the trees.
    """

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: Float64[np.ndarray, "N F"]) -> "TreeLeaves":
        """Grow trees without labels."""
        random = np.random.RandomState(self.random_state)
        numbers, targets = np.ascontiguousarray(X, dtype=np.float32), np.empty((len(X), 1))
        grown = []
        with config_context(skip_parameter_validation=True, assume_finite=True):
            for _ in range(_TREES):
                # With random targets, splits are random.
                targets[:, 0] = random.uniform(size=len(X))
                tree = ExtraTreeRegressor(max_features=1, max_depth=_DEPTH, random_state=random.randint(2**31))
                grown.append(tree.fit(numbers, targets, check_input=False).tree_)
        self.trees_ = Trees(grown)
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Return one column per leaf: 1 if an example is in the leaf, else 0."""
        leaves = self.trees_.leaves
        found = np.zeros((len(X), len(leaves)))
        np.put_along_axis(found, np.searchsorted(leaves, self.trees_.apply(X)), 1.0, axis=1)
        return found


def share_a_unit(context: Float64[np.ndarray, "N F"]) -> bool:
    """Whether columns look as if they have the same unit, like the pixels of an image.

    Then a column that varies little carries little information, and standardising would amplify its noise.

    Args:
        context: Features of the context.
    """
    ranges = np.ptp(context, axis=0)
    enough = len(ranges) >= _FEWEST_COLUMNS
    return bool(enough and np.mean(ranges >= _RANGE * ranges.max()) >= _SHARE and len(np.unique(context)) > 2)


def standardised() -> Steps:
    """Return unfitted steps that standardise columns and clip outliers."""
    return Steps(Standardised(), Clipped())


def make_views(context: Float64[np.ndarray, "N F"], count: int, seed: int) -> list[Steps]:
    """Return unfitted views for the members of an ensemble, in the order in which members use them.

    Args:
        context: Features of the context, without missing values.
        count: Number of views; they repeat if there are more members than kinds of views.
        seed: Seed of random trees.
    """
    kinds: dict[str, tuple[Any, ...]] = {
        "nearness": (standardised(), Nearness()),
        "squares": (standardised(), Squares()),
        # Trees compare in float32, in which a column far from zero would lose digits.
        "leaves": (standardised(), TreeLeaves(seed)),
        "scores, squares": (NormalScores(), Squares()),
        "scores, nearness": (NormalScores(), Nearness()),
        "scaled, squares": (Scaled(), Squares()),
        "scaled, nearness": (Scaled(), Nearness()),
    }
    taken: tuple[str, ...]
    if share_a_unit(context):
        taken = ("scaled, nearness", "scores, squares", "scaled, squares", "scores, nearness", "leaves", "nearness")
    else:
        taken = ("nearness", "leaves", "scores, squares", "scores, nearness", "squares")
    return [copy.deepcopy(Steps(*kinds[taken[member % len(taken)]])) for member in range(count)]


def _squared_distances(a: Float64[np.ndarray, "N F"], b: Float64[np.ndarray, "M F"]) -> Float64[np.ndarray, "N M"]:
    """Squared distances by a matrix product, which is much faster than differences if there are many features."""
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return np.maximum(squares, 0, out=squares)
