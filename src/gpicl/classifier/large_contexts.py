"""Handling of more examples than a learner should read at once."""

from collections.abc import Callable
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from gpicl.classifier.advice import warn
from gpicl.classifier.columns import Columns
from gpicl.errors import ClassifierError


@runtime_checkable
class Predictor(Protocol):
    """A model that has read a context and predicts queries."""

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Return each query's class probabilities."""


LargeContext = Literal["subsample", "nearest", "error"]
Build = Callable[[np.ndarray, np.ndarray], Predictor]
LARGE_CONTEXTS: tuple[str, ...] = get_args(LargeContext)


def subsample(classes: Int64[np.ndarray, " N"], count: int, random: np.random.RandomState) -> Int64[np.ndarray, " n"]:
    """Draw a stratified random subsample with at least one example of every class.

    Args:
        classes: Class of each example.
        count: Number of examples to choose; at least the number of classes.
        random: Source of all draws; is advanced.

    Returns:
        Rows in ascending order.
    """
    order = random.permutation(len(classes))
    # Relative position of each example within its class, from 0. Sorting by it takes the first of every class first,
    # and then all classes in proportion.
    through = np.empty(len(classes))
    for label in np.unique(classes):
        rows = order[classes[order] == label]
        through[rows] = np.arange(len(rows)) / len(rows)
    return np.sort(order[np.argsort(through[order], kind="stable")][:count])


class NearestContexts:
    """Reads, for each query, the examples nearest to it by Euclidean distance between standardised columns.

    Args:
        build: Builds an ensemble from features and classes.
        features: Features of all examples; NaN where a value is missing.
        classes: Class of each example.
        count: Number of examples to read for a query.
    """

    def __init__(
        self, build: Build, features: Float64[np.ndarray, "N F"], classes: Int64[np.ndarray, " N"], count: int
    ) -> None:
        self._build, self._features, self._classes, self._count = build, features, classes, count
        self._columns = Columns(features)
        filled = self._columns(features)
        self._mean, deviations = filled.mean(0), filled.std(0)
        self._scale = np.where(deviations > 0, deviations, 1.0)
        self._standardised = (filled - self._mean) / self._scale

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Return each query's class probabilities; see `Ensemble.predict_proba`."""
        standardised = (self._columns(features) - self._mean) / self._scale
        answers = []
        for query, place in zip(features, standardised, strict=True):
            apart = np.square(self._standardised - place).sum(1)
            rows = np.sort(np.argsort(apart, kind="stable")[: self._count])
            ensemble = self._build(self._features[rows], self._classes[rows])
            answers.append(ensemble.predict_proba(query[None]))
        return np.concatenate(answers)


def with_large_context(
    choice: str,
    build: Build,
    features: Float64[np.ndarray, "N F"],
    classes: Int64[np.ndarray, " N"],
    most: int,
) -> Predictor:
    """Build a predictor from too many examples in the way that the user has chosen.

    Args:
        choice: One of `LARGE_CONTEXTS`.
        build: Builds an ensemble from features and classes, whose members read subsamples.
        features: Features of all examples; NaN where a value is missing.
        classes: Class of each example.
        most: Most examples to read at once.

    Raises:
        ClassifierError: If the choice is `error`.
    """
    if choice == "nearest":
        return NearestContexts(build, features, classes, most)
    others = (
        'Use large_context="nearest" to read the nearest examples of each query, which takes the time of a fit for '
        "each; or a classifier for large data, such as scikit-learn's HistGradientBoostingClassifier."
    )
    if choice == "error":
        raise ClassifierError(
            f"{len(features):,} examples are more than the {most:,} of max_context. Use "
            f'large_context="subsample", with which every member reads its own random subsample. {others}'
        )
    warn(
        f"{len(features):,} examples are more than the {most:,} of max_context: each member of the ensemble reads its "
        f"own stratified random subsample; only forests and the linear model see them all. {others}"
    )
    return build(features, classes)
