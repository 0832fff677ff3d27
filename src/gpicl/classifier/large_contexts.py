"""What to do with more examples than a learner should read at once."""

from collections.abc import Callable
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from gpicl.classifier.advice import warn
from gpicl.classifier.columns import Columns
from gpicl.errors import ClassifierError


@runtime_checkable
class Predictor(Protocol):
    """What has read a context."""

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Return each query's probabilities of the classes."""


LargeContext = Literal["subsample", "nearest", "error"]
Build = Callable[[np.ndarray, np.ndarray], Predictor]
LARGE_CONTEXTS: tuple[str, ...] = get_args(LargeContext)


def subsample(classes: Int64[np.ndarray, " N"], count: int, random: np.random.RandomState) -> Int64[np.ndarray, " n"]:
    """Choose examples at random so that every class keeps its share, and at least one.

    Args:
        classes: Class of each example.
        count: How many to choose; at least as many as there are classes.
        random: Source of the draw.

    Returns:
        Rows in ascending order.
    """
    order = random.permutation(len(classes))
    # How far through its own class each example stands, from 0: the first of every class come first, and then all
    # classes run out together.
    through = np.empty(len(classes))
    for label in np.unique(classes):
        rows = order[classes[order] == label]
        through[rows] = np.arange(len(rows)) / len(rows)
    return np.sort(order[np.argsort(through[order], kind="stable")][:count])


class NearestContexts:
    """Reads, for every query anew, the examples nearest to it by Euclidean distance between standardised columns.

    Args:
        build: Makes an ensemble from features and classes.
        features: Features of all examples; NaN where a value is missing.
        classes: Class of each.
        count: How many are read for a query.
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
        """Return each query's probabilities of the classes; see `Ensemble.predict_proba`."""
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
    """Do with too many examples what the user has chosen.

    Args:
        choice: One of `LARGE_CONTEXTS`.
        build: Makes an ensemble from features and classes; of many its members read a draw of their own.
        features: Features of all examples; NaN where a value is missing.
        classes: Class of each.
        most: Most examples to read at once.

    Raises:
        ClassifierError: If the choice is to refuse them.
    """
    if choice == "nearest":
        return NearestContexts(build, features, classes, most)
    others = (
        'Choose large_context="nearest" to read those nearest to each query, which takes the time of a fit for each; '
        "or a classifier for large data, such as scikit-learn's HistGradientBoostingClassifier."
    )
    if choice == "error":
        raise ClassifierError(
            f"{len(features):,} examples are more than the {most:,} of max_context. Leave large_context at "
            f'"subsample", which lets every member read a draw of its own. {others}'
        )
    warn(
        f"{len(features):,} examples are more than the {most:,} of max_context: each member of the ensemble reads a "
        f"draw of its own, with every class's share kept; only forests and linear models see them all. {others}"
    )
    return build(features, classes)
