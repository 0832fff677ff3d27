"""`InContextClassifier`: a scikit-learn classifier with meta-trained weights that come with the package."""

from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, column_or_1d

from gpicl.classifier.costs import MOST_CONTEXT, warn_of_cost
from gpicl.classifier.encoding import TableEncoder
from gpicl.classifier.ensemble import MOST_READ, Ensemble
from gpicl.classifier.fitted_state import freeze, thaw
from gpicl.classifier.frames import flatten_images
from gpicl.classifier.inputs import check_order, check_rows, numbers_as_names
from gpicl.classifier.labels import check_labels, class_indices, join_labels
from gpicl.classifier.large_contexts import LARGE_CONTEXTS, Predictor, with_large_context
from gpicl.classifier.loaded import learner_at_hand, on_cpu
from gpicl.classifier.tables import join_rows
from gpicl.errors import ClassifierError, UnknownNameError
from gpicl.runtime import find_device

_DTYPES = {"float64": torch.float64, "float32": torch.float32}
# Attributes that hold objects of this package.
_LEARNED = ("_examples", "_encoder", "_predictor")


class InContextClassifier(ClassifierMixin, BaseEstimator):
    """A classifier that was meta-trained once and learns new data in context, without gradient steps on its network.

    `fit` reads labelled examples and keeps the learner's memory of them; `predict` answers each query from it. Two
    forests and a linear model are added, and every member is weighted by its predictions of the examples without
    their labels. It accepts tables with missing values, categories and dates, and images, with any number of features
    and classes. A pickle holds the fitted state, so that loading it does not read the examples again.

    Args:
        weights: Name of weights that come with the package, such as `general`, or the folder of a `gpicl train`
            run.
        n_estimators: Members of the ensemble that read the examples with the learner, each in a different order and up
            to five in different views. If there are more than 400 examples, each member reads its own stratified random
            subsample of at most 400. With more than one member, two forests and a linear model are added. One is
            fastest.
        large_context: What to do with more than `max_context` examples. `subsample` warns and lets every member read
            its own subsample; `nearest` reads the nearest examples of every query, which takes the time of a fit per
            query; `error` raises an error.
        max_context: Most examples without a warning, up to 1000; with `nearest`, the number of examples per query.
        memory_budget: MiB for the intermediate results of reading and predicting. Queries are predicted in as many
            passes as this needs. The memory of the fitted classifier is not included.
        random_state: Seed of orders, projections and subsamples. The same seed gives bitwise identical probabilities.
        device: Device of the learner: `cpu`, `cuda` or `cuda:1`; None for the GPU if there is one. Forests and linear
            models run on the CPU. After unpickling, a classifier predicts on the CPU until it is fitted again.
        dtype: Precision of the learner: `float64`, in which predictions do not depend on how queries are batched, or
            `float32`, which halves the memory; None for `float64`.

    Attributes:
        classes_: Names of the classes, sorted.
        n_features_in_: Number of features of an example, or of pixels of an image.
        feature_names_in_: Names of the columns, if `X` was a data frame.
        image_shape_: Shape of an image, or None if `X` was not images.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from gpicl import InContextClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> InContextClassifier().fit(X[::2], y[::2]).predict(X[1::50])
        array([0, 1, 2])
    """

    def __init__(
        self,
        weights: Any = "general",
        n_estimators: Any = 4,
        *,
        large_context: Any = "subsample",
        max_context: Any = 1000,
        memory_budget: Any = 256,
        random_state: Any = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        # By scikit-learn's convention, the constructor only stores its arguments; `fit` checks them.
        self.weights = weights
        self.n_estimators = n_estimators
        self.large_context = large_context
        self.max_context = max_context
        self.memory_budget = memory_budget
        self.random_state = random_state
        self.device = device
        self.dtype = dtype

    def fit(self, X: Any, y: Any, **unsupported: Any) -> "InContextClassifier":
        """Read labelled examples.

        Args:
            X: Array, list of rows or data frame (pandas, polars, pyarrow) `[N, F]`, or images `[N, H, W]` or
                `[N, H, W, C]`. NaN is a missing value.
            y: Class of each example: numbers, strings or dates.
            unsupported: Only None is accepted; `sample_weight` raises an error that explains why.

        Returns:
            The classifier itself.

        Raises:
            ClassifierError: If `X` or `y` cannot be read, there is only one class, there are too many examples, or a
                parameter is out of range.
            UnknownNameError: If the weights are unknown.
            CheckpointError: If the weights are damaged.
        """
        return self._fit(X, y, None, unsupported)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, **unsupported: Any) -> "InContextClassifier":
        """Read more labelled examples; the result is the same as fitting all of them at once, in the same order.

        Args:
            X: See `fit`.
            y: See `fit`.
            classes: All classes that will ever occur, at the first call; a class without examples can be predicted
                too. If None, the classes are those of all calls so far.
            unsupported: See `fit`.

        Returns:
            The classifier itself.

        Raises:
            ClassifierError: See `fit`; or if `y` has a class that is not in `classes`.
        """
        if not hasattr(self, "_examples"):
            return self._fit(X, y, classes, unsupported)
        _refuse(unsupported)
        self._check_parameters()
        if classes is not None and not np.array_equal(np.unique(column_or_1d(classes)), self.classes_):
            raise ClassifierError(
                f"classes={np.unique(column_or_1d(classes)).tolist()} are not those so far, {self.classes_.tolist()}. "
                "Leave classes out after the first call, or call fit to start again."
            )
        more, _ = self._check(X, reset=False)
        labels = check_labels(y, more)
        examples = join_rows(self._examples, more)
        return self._learn(examples, join_labels(self._labels, labels), self._announced)

    def predict_proba(self, X: Any) -> Float64[np.ndarray, "Q K"]:
        """Return the probability of every class for each query, in the order of `classes_`.

        Args:
            X: Queries, in the same form as the `X` of `fit`.
        """
        check_is_fitted(self, "_predictor")
        queries, _ = self._check(X, reset=False)
        with on_cpu():
            return self._predictor.predict_proba(self._encoder(queries))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each query.

        Args:
            X: Queries, in the same form as the `X` of `fit`.
        """
        best = self.predict_proba(X).argmax(1)
        return self.classes_[best]

    def decision_function(self, X: Any) -> Float64[np.ndarray, "..."]:
        """Return log-probabilities of the classes; for two classes, that of the second minus that of the first.

        Args:
            X: Queries, in the same form as the `X` of `fit`.

        Returns:
            `[Q, K]`, or `[Q]` if there are two classes.
        """
        scores = np.log(np.maximum(self.predict_proba(X), np.finfo(np.float64).tiny))
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def __getstate__(self) -> dict[str, Any]:
        """Return the parameters, and the fitted state as plain data."""
        state = super().__getstate__()
        return {name: freeze(value) if name in _LEARNED else value for name, value in state.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore parameters and fitted state, without reading the context again."""
        super().__setstate__({name: thaw(value) if name in _LEARNED else value for name, value in state.items()})

    def __sklearn_tags__(self) -> Tags:
        """Declare to scikit-learn that missing values and images are accepted."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        return tags

    def _fit(self, X: Any, y: Any, classes: Any, unsupported: dict[str, Any]) -> "InContextClassifier":
        _refuse(unsupported)
        self._check_parameters()
        before = dict(vars(self))
        try:
            examples, self.image_shape_ = self._check(X, reset=True)
            labels = check_labels(y, examples)
            return self._learn(examples, labels, None if classes is None else np.unique(column_or_1d(classes)))
        except Exception:
            self.__dict__ = before
            raise

    def _learn(self, examples: Any, labels: np.ndarray, announced: np.ndarray | None) -> "InContextClassifier":
        """Compute the fitted state from the examples; if that fails, the classifier is unchanged."""
        classes = np.unique(labels) if announced is None else announced
        indices = class_indices(labels, classes)
        learner = learner_at_hand(self.weights, str(find_device(self.device)), _DTYPES[_name_of(self.dtype)])
        encoder = TableEncoder(examples)
        features = encoder(examples)
        random = check_random_state(self.random_state)
        build = partial(
            Ensemble,
            learner=learner,
            num_classes=len(classes),
            members=self.n_estimators,
            budget=self.memory_budget * 2**20,
            seed=random.randint(2**31),
        )
        most = self.max_context if learner.max_length is None else min(self.max_context, learner.max_length - 1)
        build = partial(build, most_read=min(most, MOST_READ))
        large = len(features) > most
        if not (large and self.large_context == "error"):
            nearest = large and self.large_context == "nearest"
            seen = min(len(features), most) if nearest else len(features)
            warn_of_cost(learner, min(seen, most, MOST_READ), seen, len(classes), self.n_estimators, nearest)
        with on_cpu():
            self._predictor: Predictor = (
                with_large_context(self.large_context, build, features, indices, most)
                if large
                else build(features, indices)
            )
        self._examples, self._labels, self._announced = examples, labels, announced
        self._encoder, self.classes_ = encoder, classes
        return self

    def _check(self, X: Any, reset: bool) -> tuple[Any, tuple[int, ...] | None]:
        """Check names and numbers, and flatten images.

        Returns:
            A float64 array, or a table if there is anything except numbers; and the shape of an image.
        """
        X, shape = flatten_images(X)
        if not reset and shape is not None and shape != self.image_shape_:
            fitted = f"images of shape {self.image_shape_}" if self.image_shape_ else "rows of features"
            raise ClassifierError(f"X has images of shape {shape}, but fit was given {fitted}. Give the same shape.")
        rows = check_rows(self, X, reset, as_table=not reset and self._encoder.has_categories)
        names = numbers_as_names(X)
        if reset:
            self._column_numbers = names
        check_order(names, self._column_numbers)
        return rows, shape

    def _check_parameters(self) -> None:
        for name in ("n_estimators", "max_context", "memory_budget"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ClassifierError(f"{name} must be a whole number of at least 1, not {value!r}.")
        if self.max_context > MOST_CONTEXT:
            raise ClassifierError(
                f"max_context must be at most {MOST_CONTEXT:,}, not {self.max_context:,}. A fit with more examples "
                'works all the same: every member reads its own subsample (large_context="subsample").'
            )
        find_device(self.device)
        if _name_of(self.dtype) not in _DTYPES:
            raise UnknownNameError("dtype", _name_of(self.dtype), _DTYPES)
        if self.large_context not in LARGE_CONTEXTS:
            raise UnknownNameError("large_context", str(self.large_context), LARGE_CONTEXTS)


def _name_of(dtype: Any) -> str:
    return "float64" if dtype is None else str(dtype).removeprefix("torch.")


def _refuse(unsupported: dict[str, Any]) -> None:
    given = sorted(name for name, value in unsupported.items() if value is not None)
    if given:
        raise ClassifierError(
            f"InContextClassifier takes no {', '.join(given)}: it learns from a context in which every "
            "example counts once. To give examples more weight, repeat them; to ignore examples, leave them out."
        )
