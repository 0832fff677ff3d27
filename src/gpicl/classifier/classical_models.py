"""Classical models as members of an ensemble: two forests and a linear model.

WHY: the learner compares whole rows. Forests split on single columns, and a linear model sums over columns. Both
predict every example of the context without its label, so they are weighted like all other members.
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

# Trees of a forest; more of them where growing one takes longer than the steps around it.
_TREES, _TREES_OF_MANY, _MANY = 100, 200, 300
# Up to this many examples, copying those that a tree draws is faster than scikit-learn's check of their weights.
_MOST_COPIED = 150
# Columns that a tree of the random forest compares at a split: half of them, within these bounds.
_FEWEST_COMPARED, _MOST_COMPARED = 2, 32
_FOLDS, _FOLDS_OF_FEW, _FEW = 5, 10, 64


@runtime_checkable
class ClassicalModel(Protocol):
    """A model that has seen a context.

    Attributes:
        held_out: Its probabilities of every example of the context, of which it did not see the label, [N, K].
    """

    held_out: Float64[np.ndarray, "N K"]

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Give each query's probabilities of the classes."""


class Forest:
    """Trees of scikit-learn, each grown on a bootstrap sample and evaluated on its out-of-bag examples.

    WHY tree by tree: scikit-learn's forests copy and check every tree again, which takes longer than growing it where
    there are a few hundred examples, and ten times as long as asking it about a single query. WHY regression: on
    one-hot classes the squared error is Gini's impurity and the mean is the shares of the classes, so the trees are the
    same, in half of the time.

    Args:
        make_tree: Makes a tree with a seed.
        features: Features of the context, without gaps.
        classes: Class of each example.
        num_classes: Number of classes K.
        seed: Seed of bootstrap samples and trees.
    """

    def __init__(
        self,
        make_tree: Callable[[int], DecisionTreeRegressor],
        features: Float64[np.ndarray, "N F"],
        classes: Int64[np.ndarray, " N"],
        num_classes: int,
        seed: int,
    ) -> None:
        # Trees compare in float32, in which a column far from zero would lose its digits.
        self._scale = standardised().fit(features)
        numbers = self._numbers(features)
        self._present, targets = np.unique(classes, return_inverse=True)
        self._num_classes = num_classes
        is_class = np.eye(len(self._present))[targets]
        grown = []
        random = np.random.RandomState(seed)
        total = np.zeros((len(classes), len(self._present)))
        with config_context(skip_parameter_validation=True, assume_finite=True):
            for _ in range(_TREES if len(classes) < _MANY else _TREES_OF_MANY):
                drawn = random.randint(0, len(classes), len(classes))
                times = np.bincount(drawn, minlength=len(classes))
                tree = make_tree(random.randint(2**31))
                if len(classes) <= _MOST_COPIED:
                    tree.fit(numbers[drawn], is_class[drawn], check_input=False)
                else:
                    tree.fit(numbers, is_class, times.astype(np.float64), check_input=False)
                grown.append(tree.tree_)
                left_out = times == 0
                total[left_out] += tree.tree_.predict(numbers[left_out]).reshape(-1, total.shape[1])
        self._trees = Trees(grown)
        # An example that every tree has seen gets equal probabilities.
        total[total.sum(1) == 0] = 1.0
        self.held_out = self._all_classes(total)

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Give each query's probabilities of the classes."""
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
    """Logistic regression on standardised columns, evaluated by cross-validation.

    Args:
        features: Features of the context, without gaps.
        classes: Class of each example.
        num_classes: Number of classes K.
        seed: Seed of the folds.
    """

    def __init__(
        self, features: Float64[np.ndarray, "N F"], classes: Int64[np.ndarray, " N"], num_classes: int, seed: int
    ) -> None:
        self._num_classes = num_classes
        # Examples are dealt to the folds class by class, so that each fold has its share of every class.
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
        """Give each query's probabilities of the classes."""
        found = np.zeros((len(features), self._num_classes))
        if self._model is None:
            found[:, self._classes] = 1.0
        else:
            found[:, self._classes] = self._model.predict_proba(self._scale.transform(features))
        return found

    def _fit(self, features: np.ndarray, classes: np.ndarray) -> None:
        self._classes = np.unique(classes)
        self._model = None
        if len(self._classes) > 1:
            self._scale = standardised().fit(features)
            with warnings.catch_warnings():
                # A fit that has not converged is good enough for a member.
                warnings.simplefilter("ignore", ConvergenceWarning)
                model = LogisticRegression(max_iter=200, tol=1e-3)
                self._model = model.fit(self._scale.transform(features), classes)


def fit_classical_models(
    features: Float64[np.ndarray, "N F"], classes: Int64[np.ndarray, " N"], num_classes: int, seed: int
) -> list[ClassicalModel]:
    """Fit two forests and a linear model.

    One forest draws its thresholds at random, which suits smooth effects of single columns. The other searches for them
    among many columns at once, which finds the few that matter.

    Args:
        features: Features of the context, without gaps.
        classes: Class of each example.
        num_classes: Number of classes K.
        seed: Seed of trees and folds.
    """
    compared = min(max(features.shape[1] // 2, _FEWEST_COMPARED), _MOST_COMPARED, features.shape[1])

    def drawing(seed: int) -> DecisionTreeRegressor:
        return ExtraTreeRegressor(max_features="sqrt", random_state=seed)

    def searching(seed: int) -> DecisionTreeRegressor:
        return DecisionTreeRegressor(max_features=compared, random_state=seed)

    return [
        Forest(drawing, features, classes, num_classes, seed),
        Forest(searching, features, classes, num_classes, seed),
        Linear(features, classes, num_classes, seed),
    ]
