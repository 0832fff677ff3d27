"""The classifiers of the benchmark, each tuned by cross-validation within the training rows.

The grids are small, as in practice, and the same for every data set. Classifiers that give probabilities are tuned by
log loss. The SVM, which gives none, is tuned by accuracy and then calibrated by Platt's method on out-of-fold scores.
Nothing is tuned on test rows.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from gpicl import InContextClassifier

Make = Callable[[np.ndarray], ClassifierMixin]


def competitors(weights: str, members: int) -> dict[str, Make]:
    """Map the name of every classifier to a function that makes it for given training labels.

    Args:
        weights: Weights of `InContextClassifier`: a shipped name or a folder.
        members: Number of members of its ensemble.
    """
    return {
        "InContextClassifier": lambda _: InContextClassifier(weights, members),
        "logistic regression": lambda y: _tuned(
            LogisticRegression(max_iter=1000), {"C": [0.01, 0.1, 1, 10]}, y, "neg_log_loss"
        ),
        "RBF SVM": _tuned_svm,
        "random forest": lambda y: _tuned(
            RandomForestClassifier(100, random_state=0),
            {"min_samples_leaf": [1, 3], "max_features": ["sqrt", 0.3]},
            y,
            "neg_log_loss",
            most_folds=3,  # it takes longer than all other classifiers together
        ),
        "k-NN": lambda y: _tuned(
            KNeighborsClassifier(),
            {"n_neighbors": _neighbours(y), "weights": ["uniform", "distance"]},
            y,
            "neg_log_loss",
        ),
        "shrinkage LDA": _shrinkage_lda,
    }


def _folds(y: np.ndarray, most: int = 5) -> StratifiedKFold | None:
    """As many folds as the smallest class has rows, up to `most`; None if it has a single row."""
    count = min(most, int(np.bincount(y)[np.unique(y)].min()))
    return StratifiedKFold(count, shuffle=True, random_state=0) if count > 1 else None


def _neighbours(y: np.ndarray) -> list[int]:
    folds = _folds(y)
    in_a_fold = len(y) - -(-len(y) // folds.n_splits) if folds else len(y)
    return [k for k in (1, 3, 5, 10, 20) if k <= in_a_fold]


def _tuned(
    estimator: ClassifierMixin, grid: dict[str, list[Any]], y: np.ndarray, scoring: str, most_folds: int = 5
) -> ClassifierMixin:
    pipeline = make_pipeline(StandardScaler(), estimator)
    folds = _folds(y, most_folds)
    if folds is None:
        return pipeline
    step = pipeline.steps[-1][0]
    named = {f"{step}__{key}": values for key, values in grid.items()}
    return GridSearchCV(pipeline, named, scoring=scoring, cv=folds)


def _shrinkage_lda(y: np.ndarray) -> ClassifierMixin:
    """Tuned too, because the analytical shrinkage fails if a class has two rows, from which it cannot be estimated."""
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5)
    if np.bincount(y).min() < 3:  # a fold would leave one row of a class, and no spread within it
        return make_pipeline(StandardScaler(), lda)
    return _tuned(lda, {"shrinkage": ["auto", 0.1, 0.5, 0.9]}, y, "neg_log_loss")


class _tuned_svm(ClassifierMixin):  # noqa: N801  # it is used like the functions above
    """Tuned, then calibrated with the options found, since tuning within calibration would take five times as long."""

    def __init__(self, y: np.ndarray) -> None:
        self._folds = _folds(y)

    def fit(self, X: np.ndarray, y: np.ndarray) -> "_tuned_svm":
        """Tune, then calibrate."""
        best = make_pipeline(StandardScaler(), SVC())
        if self._folds is not None:
            grid = {"svc__C": [0.1, 1, 10, 100], "svc__gamma": ["scale", 0.1 / X.shape[1]]}
            best = GridSearchCV(best, grid, cv=self._folds).fit(X, y).best_estimator_
        self._calibrated = CalibratedClassifierCV(best, cv=self._folds or "prefit", ensemble=False).fit(X, y)
        self.classes_ = self._calibrated.classes_
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Calibrated probabilities."""
        return self._calibrated.predict_proba(X)
