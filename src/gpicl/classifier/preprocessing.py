"""Views: what the members of an ensemble see of the same examples, as steps of scikit-learn transformers.

The learner compares examples by the direction in which they lie from the mean, and by distance. So a view first decides
which columns count how much, and then what a direction can tell. Each is fitted to the context alone, without labels,
and then transforms queries too.
"""

import copy
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.linalg import cholesky, solve_triangular
from scipy.special import ndtri
from scipy.stats import rankdata
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.tree import ExtraTreeRegressor

from gpicl.classifier.trees import Trees

# Decay of a similarity by squared distance, in units of the median one between two examples of the context. Between
# 0.5 and 1 it made no difference that could be told from chance where views were chosen.
_DECAY = 0.7
# Standard deviations beyond which a value counts as the outermost.
_OUTERMOST = 10.0
_TREES, _DEPTH = 100, 4
# Columns share a unit if this part of them has at least this part of the largest range.
_SHARE, _RANGE = 0.5, 0.5
_FEWEST_COLUMNS = 16


class Steps:
    """Transformers, one after the other, as scikit-learn's `Pipeline`.

    WHY not that one: a fitted classifier is stored as plain data, which is not made of what is inside a pipeline; and a
    pipeline's checks take longer than the steps for a single query.

    Args:
        steps: Transformers that are not fitted yet.
    """

    def __init__(self, *steps: Any) -> None:
        self._steps = list(steps)

    def fit(self, X: Float64[np.ndarray, "N F"]) -> "Steps":
        """Fit every step to what those before it make of the context."""
        for step in self._steps:
            X = step.fit(X).transform(X)
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Take the context, or queries, through all steps."""
        for step in self._steps:
            X = step.transform(X)
        return X

    def fit_transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Fit, and give what becomes of the context."""
        return self.fit(X).transform(X)


class _Transformer(TransformerMixin, BaseEstimator):
    """A transformer that learns nothing but what its `fit` overrides."""

    def fit(self, X: np.ndarray, y: Any = None) -> "_Transformer":
        """Learn from the context."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


class Scaled(_Transformer):
    """One mean per column, one scale for all: right where all columns share a unit, as the pixels of an image do."""

    def fit(self, X: Float64[np.ndarray, "N F"], y: Any = None) -> "Scaled":
        """Learn means and scale."""
        self.mean_ = X.mean(0)
        self.scale_ = float((X - self.mean_).std()) or 1.0
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
        """Subtract the means and divide by the scale."""
        return (X - self.mean_) / self.scale_


class Clipped(_Transformer):
    """Values beyond ten standard deviations count as ten: one of them would outweigh all other columns."""

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
        """Clip."""
        return np.clip(X, -_OUTERMOST, _OUTERMOST)


class NormalScores(_Transformer):
    """Every column by its ranks, as quantiles of a standard normal: neither units nor heavy tails matter.

    Values between two of the context's are interpolated; values beyond all of them count as the outermost.
    scikit-learn's `QuantileTransformer` puts the outermost values at 5.2 standard deviations, however few there are.
    """

    def fit(self, X: Float64[np.ndarray, "N F"], y: Any = None) -> "NormalScores":
        """Learn the scores of the context's values."""
        # Equal values have equal scores, so it does not matter which of them an interpolation meets.
        self.values_ = np.sort(X, axis=0)
        self.scores_ = ndtri((rankdata(self.values_, axis=0) - 0.5) / len(X))
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N F"]:
        """Interpolate scores."""
        mapped = np.empty(X.shape)
        for column in range(X.shape[1]):
            mapped[:, column] = np.interp(X[:, column], self.values_[:, column], self.scores_[:, column])
        return mapped


class Squares(_Transformer):
    """The features and their squares, of equal weight where a feature is standard normal.

    WHY: a class that lies around the mean has no direction of its own; with squares it has.
    """

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Append squares."""
        return np.hstack([X, X**2 / np.sqrt(2)])


class Nearness(_Transformer):
    """Features whose inner products are `exp(-decay * squared distance / median)`: nearness in place of direction.

    They are the coordinates of Nystroem's method with every example of the context as a landmark, `k(x) L^-T` with
    `L L^T = k(context)`: exact for two examples of the context, and for a query and an example. scikit-learn's
    `Nystroem` takes a singular value decomposition for the same, which is several times as slow.
    """

    def fit(self, X: Float64[np.ndarray, "N F"], y: Any = None) -> "Nearness":
        """Keep the context as landmarks."""
        self.landmarks_ = X
        squares = _squared_distances(X, X)
        apart = squares[np.triu_indices(len(X), 1)]
        median = float(np.median(apart)) if len(X) > 1 else 0.0
        # Where most examples are the same there is no such distance, and any scale is as good as another.
        self.scale_ = _DECAY / median if median > 0 else 1.0
        nearness = np.exp(-self.scale_ * squares)
        # Equal examples make it singular; the least that a factorisation needs is far below what any learner sees.
        nearness[np.diag_indices(len(X))] += 1e-8 * len(X)
        self.root_ = cholesky(nearness, lower=True, overwrite_a=True, check_finite=False)
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Return the coordinates."""
        nearness = np.exp(-self.scale_ * _squared_distances(X, self.landmarks_))
        return solve_triangular(self.root_, nearness.T, lower=True, check_finite=False).T


class TreeLeaves(_Transformer):
    """The leaves of random trees in which an example lies: examples are alike if few thresholds part them.

    A geometry that follows the columns. It is scikit-learn's `RandomTreesEmbedding`, which takes twice as long.

    Args:
        random_state: Seed of the trees.
    """

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: Float64[np.ndarray, "N F"], y: Any = None) -> "TreeLeaves":
        """Grow trees without a look at labels."""
        random = np.random.RandomState(self.random_state)
        numbers, targets = np.ascontiguousarray(X, dtype=np.float32), np.empty((len(X), 1))
        grown = []
        with config_context(skip_parameter_validation=True, assume_finite=True):
            for _ in range(_TREES):
                # Among numbers drawn at random no split is better than another.
                targets[:, 0] = random.uniform(size=len(X))
                tree = ExtraTreeRegressor(max_features=1, max_depth=_DEPTH, random_state=random.randint(2**31))
                grown.append(tree.fit(numbers, targets, check_input=False).tree_)
        self.trees_ = Trees(grown)
        return self

    def transform(self, X: Float64[np.ndarray, "N F"]) -> Float64[np.ndarray, "N G"]:
        """Return one column for every leaf, one where an example lies in it."""
        leaves = self.trees_.leaves
        found = np.zeros((len(X), len(leaves)))
        np.put_along_axis(found, np.searchsorted(leaves, self.trees_.apply(X)), 1.0, axis=1)
        return found


def share_a_unit(context: Float64[np.ndarray, "N F"]) -> bool:
    """Whether columns look as if they were measured in one unit, as the pixels of an image are.

    Then a column that varies little says little, and bringing all to one scale would blow noise up.

    Args:
        context: Features of the context.
    """
    ranges = np.ptp(context, axis=0)
    enough = len(ranges) >= _FEWEST_COLUMNS
    return bool(enough and np.mean(ranges >= _RANGE * ranges.max()) >= _SHARE and len(np.unique(context)) > 2)


def standardised() -> Steps:
    """Columns with a mean of zero and a standard deviation of one, without outliers."""
    return Steps(StandardScaler(), Clipped())


def make_views(context: Float64[np.ndarray, "N F"], count: int, seed: int) -> list[Steps]:
    """Make unfitted views for the members of an ensemble, in the order in which a small ensemble takes them.

    Args:
        context: Features of the context, without gaps.
        count: How many; after all of them the same come again.
        seed: Seed of random trees.
    """
    kinds: dict[str, tuple[Any, ...]] = {
        "nearness": (standardised(), Nearness()),
        "squares": (standardised(), Squares()),
        # Trees compare in float32, in which a column far from zero would lose its digits.
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
    """As a matrix product, which is far faster than one by one where there are many features."""
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return np.maximum(squares, 0, out=squares)
