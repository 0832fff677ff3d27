"""Classical models as members of the ensemble: forests and linear models.

WHY: the learner compares whole rows. A forest compares single columns with thresholds, and a linear model adds columns.
Both predict every example of the context without its label, so they are weighted like all other members.
"""

import warnings
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeRegressor, ExtraTreeRegressor

from gpicl.classifier.preprocessing import standardised
from gpicl.classifier.trees import Trees

# Trees of a forest for fewer than _MANY examples, where the overhead per tree dominates, and for more.
_TREES, _TREES_OF_MANY, _MANY = 60, 130, 300
# Share of the examples that a tree is grown on, without replacement. A bootstrap sample has 63 % of them.
_GROWN_ON = 0.8
# Columns that a tree of the random forest compares at a split: half of them, within these bounds.
_FEWEST_COMPARED, _MOST_COMPARED = 2, 32
# Most columns for which a tree with random thresholds draws one at a split, in the forest that uses all columns.
_MOST_DRAWN = 64
# Products of two columns are added only if there are at most this many columns.
_MOST_MULTIPLIED = 40
# Inverse strength of the penalty of the linear model, and of the one with products.
_C, _C_OF_PRODUCTS = 1.0, 0.03
_FOLDS, _FOLDS_OF_FEW, _FEW = 5, 10, 64


@runtime_checkable
class Opinion(Protocol):
    """A model that was fitted to a context.

    Attributes:
        held_out: Probabilities of every example of the context, predicted without its label, [N, K].
    """

    held_out: Float64[np.ndarray, "N K"]

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Return each query's class probabilities."""


class Forest:
    """A forest of scikit-learn's trees, each grown on a subsample and judged on the examples that it left out.

    WHY tree by tree: scikit-learn's forests copy and check every tree. With a few hundred examples, that takes longer
    than growing the tree, and for a single query ten times as long as evaluating it. WHY regression: on one-hot
    classes, the squared error is the Gini impurity and the mean is the class frequencies, so the trees are the same, in
    half the time.

    Args:
        make_tree: Builds a tree that uses a random number generator.
        features: Features of the context, without missing values.
        classes: Class of each example.
        num_classes: Number of classes K.
        seed: Seed of subsamples and trees.
    """

    def __init__(
        self,
        make_tree: Callable[[np.random.RandomState], DecisionTreeRegressor],
        features: Float64[np.ndarray, "N F"],
        classes: Int64[np.ndarray, " N"],
        num_classes: int,
        seed: int,
    ) -> None:
        # Trees compare in float32, in which a column far from zero would lose digits.
        self._scale = standardised().fit(features)
        numbers = self._numbers(features)
        self._present, targets = np.unique(classes, return_inverse=True)
        self._num_classes = num_classes
        is_class = np.eye(len(self._present))[targets]
        grown = []
        random = np.random.RandomState(seed)
        omitted = max(1, round((1 - _GROWN_ON) * len(classes)))
        total = np.zeros((len(classes), len(self._present)))
        with config_context(skip_parameter_validation=True, assume_finite=True):
            for _ in range(_TREES if len(classes) < _MANY else _TREES_OF_MANY):
                left_out = random.permutation(len(classes))[:omitted]
                weights = np.ones(len(classes))
                weights[left_out] = 0.0
                tree = make_tree(random)
                tree.fit(numbers, is_class, weights, check_input=False)
                grown.append(tree.tree_)
                total[left_out] += tree.tree_.predict(numbers[left_out]).reshape(-1, total.shape[1])
        self._trees = Trees(grown)
        # An example that every tree has seen gets equal probabilities.
        total[total.sum(1) == 0] = 1.0
        self.held_out = self._all_classes(total)

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Return each query's class probabilities."""
        leaves = self._trees.apply(self._numbers(features))
        total = np.zeros((len(leaves), len(self._present)))
        for tree in range(leaves.shape[1]):
            total += self._trees.values[leaves[:, tree]]
        return self._all_classes(total)

    def _numbers(self, features: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(self._scale.transform(features), dtype=np.float32)

    def _all_classes(self, total: np.ndarray) -> np.ndarray:
        found = np.zeros((len(total), self._num_classes))
        found[:, self._present] = total / total.sum(1, keepdims=True)
        return found


class Linear:
    """Logistic regression on standardised columns, judged by cross-validation.

    Args:
        features: Features of the context, without missing values.
        classes: Class of each example.
        num_classes: Number of classes K.
        seed: Seed of the folds.
        products: Whether to add the squares and products of columns.
    """

    def __init__(
        self,
        features: Float64[np.ndarray, "N F"],
        classes: Int64[np.ndarray, " N"],
        num_classes: int,
        seed: int,
        products: bool = False,
    ) -> None:
        self._products = products
        self._num_classes = num_classes
        # Examples are sorted by class and assigned to folds in turn, so that the folds are stratified.
        order = np.random.RandomState(seed).permutation(len(classes))
        order = order[np.argsort(classes[order], kind="stable")]
        fold = np.empty(len(classes), np.int64)
        folds = _FOLDS if len(classes) >= _FEW else _FOLDS_OF_FEW
        fold[order] = np.arange(len(classes)) % folds
        self.held_out = np.full((len(classes), num_classes), 1 / num_classes)
        for left_out in (fold == number for number in range(folds)):
            if left_out.any() and not left_out.all():
                self._fit(features[~left_out], classes[~left_out])
                self.held_out[left_out] = self.predict_proba(features[left_out])
        self._fit(features, classes)

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Return each query's class probabilities."""
        found = np.zeros((len(features), self._num_classes))
        if self._model is None:
            found[:, self._classes] = 1.0
        else:
            found[:, self._classes] = self._model.predict_proba(self._inputs(features))
        return found

    def _fit(self, features: np.ndarray, classes: np.ndarray) -> None:
        self._classes = np.unique(classes)
        self._model = None
        if len(self._classes) > 1:
            self._scale = standardised().fit(features)
            with warnings.catch_warnings():
                # An early stop is good enough for a member of the ensemble.
                warnings.simplefilter("ignore", ConvergenceWarning)
                model = LogisticRegression(C=_C_OF_PRODUCTS if self._products else _C, max_iter=200, tol=1e-3)
                self._model = model.fit(self._inputs(features), classes)

    def _inputs(self, features: np.ndarray) -> np.ndarray:
        columns = self._scale.transform(features)
        if not self._products:
            return columns
        first, second = np.triu_indices(columns.shape[1])
        return np.hstack([columns, columns[:, first] * columns[:, second]])


def ask_classical_models(
    features: Float64[np.ndarray, "N F"], classes: Int64[np.ndarray, " N"], num_classes: int, seed: int
) -> list[Opinion]:
    """Fit the classical members of the ensemble.

    Two forests draw random thresholds, since classes usually vary smoothly with a column: one compares a few columns at
    a split, the other all of them, which prefers informative columns. A third forest searches for the best thresholds.
    One linear model uses the columns, another one also their squares and products.

    Args:
        features: Features of the context, without missing values.
        classes: Class of each example.
        num_classes: Number of classes K.
        seed: Seed of trees and folds.
    """
    columns = features.shape[1]
    compared = min(max(columns // 2, _FEWEST_COMPARED), _MOST_COMPARED, columns)

    def drawing(random: np.random.RandomState) -> DecisionTreeRegressor:
        return ExtraTreeRegressor(max_features="sqrt", random_state=random)

    def drawing_for_all(random: np.random.RandomState) -> DecisionTreeRegressor:
        return ExtraTreeRegressor(max_features=min(columns, _MOST_DRAWN), random_state=random)

    def searching(random: np.random.RandomState) -> DecisionTreeRegressor:
        return DecisionTreeRegressor(max_features=compared, random_state=random)

    opinions: list[Opinion] = [
        *(Forest(make, features, classes, num_classes, seed) for make in (drawing, drawing_for_all, searching)),
        Linear(features, classes, num_classes, seed),
    ]
    if columns <= _MOST_MULTIPLIED:
        opinions.append(Linear(features, classes, num_classes, seed, products=True))
    return opinions
