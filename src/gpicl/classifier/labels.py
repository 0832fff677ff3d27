"""Checks of class labels, and their conversion to indices."""

from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64
from sklearn.utils import assert_all_finite, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from gpicl.classifier.tables import objects
from gpicl.classifier.values import days
from gpicl.errors import ClassifierError


def check_labels(y: Any, examples: Any) -> np.ndarray:
    """Check the class labels of examples.

    Args:
        y: Labels: numbers, booleans, strings or dates.
        examples: The examples, which must be as many.

    Returns:
        One label per example.

    Raises:
        ClassifierError: If `y` is None or not a list, a label is missing, or labels are of several kinds.
        ValueError: If `y` has another length than `examples`, is not one-dimensional, or is continuous.
    """
    if y is None:
        raise ClassifierError("InContextClassifier requires y to be passed, but the target y is None.")
    if isinstance(y, str | dict) or not (hasattr(y, "__len__") or hasattr(y, "__array__")):
        raise ClassifierError(f"y is {y!r:.60} and must be a list or array with the class of every example.")
    labels = column_or_1d(_array(y), warn=True)
    check_consistent_length(examples, labels)
    missing = np.flatnonzero(pd.isna(labels))
    if missing.size:
        raise ClassifierError(
            f"y is missing for {missing.size:,} of {len(labels):,} examples, the first of them number {missing[0]} "
            "(Input y contains NaN). Leave these examples out, or give them a class."
        )
    if labels.dtype.kind == "O":
        labels = _of_one_kind(labels)
    else:
        assert_all_finite(labels, input_name="y")
    if labels.dtype.kind not in "OmM":
        check_classification_targets(labels)
    return labels


def join_labels(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Append labels to those so far.

    Args:
        first: See `check_labels`.
        second: See `check_labels`.

    Raises:
        ClassifierError: If they are of another kind, such as text after numbers.
    """
    if (then := _kind(second)) != (before := _kind(first)):
        raise ClassifierError(
            f"y holds {then}, such as {second.tolist()[0]!r}, and so far it held {before}, such as "
            f"{first.tolist()[0]!r}. Give labels of the same kind in every call, or call fit to start again."
        )
    return np.concatenate([first, second])


def class_indices(labels: np.ndarray, classes: np.ndarray) -> Int64[np.ndarray, " N"]:
    """Return the index of each label in the sorted classes.

    Args:
        labels: See `check_labels`.
        classes: The classes, sorted and unique.

    Raises:
        ClassifierError: If a label is not a class, or there are fewer than two classes.
    """
    strangers = np.setdiff1d(labels, classes)
    if strangers.size:
        raise ClassifierError(
            f"y holds {strangers.tolist()}, not in classes={classes.tolist()}. Give all classes that will ever occur, "
            "or leave classes out."
        )
    if len(classes) < 2:
        raise ClassifierError(
            f"y holds one class only, {classes[0]!r}, and at least two are needed. Add examples of another class, "
            "or announce further classes with partial_fit(X, y, classes=...)."
        )
    return np.searchsorted(classes, labels).astype(np.int64)


def _of_one_kind(labels: np.ndarray) -> np.ndarray:
    """Convert an array of objects to the dtype of its labels."""
    kinds = {"text" if isinstance(label, str) else "date" if days(label) is not None else "other" for label in labels}
    if kinds == {"date"} and len(set(map(type, labels))) == 1:
        return labels
    if "date" not in kinds and len(kinds) == 1:
        typed = np.array(labels.tolist())
        if typed.ndim == 1 and typed.dtype.kind in "biuf":
            return typed
        if kinds == {"text"}:
            return labels
    found = sorted({type(label).__name__ for label in labels})
    raise ClassifierError(
        f"Unknown label type: y holds values of type {', '.join(found)}, which cannot be sorted. Give only numbers, "
        "only strings or only dates, such as [str(label) for label in y]."
    )


def _array(y: Any) -> Any:
    if isinstance(y, list | tuple) and len(set(map(type, y))) > 1 and all(np.ndim(label) == 0 for label in y):
        return objects(list(y))  # NumPy would convert all of them to text if one is text
    if type(y).__module__.startswith("pyarrow"):
        return objects(y.to_pylist())
    return y.to_numpy() if hasattr(y, "to_numpy") and not isinstance(y, pd.DataFrame) else y


def _kind(labels: np.ndarray) -> str:
    if labels.dtype.kind in "mM" or (labels.dtype.kind == "O" and days(labels[0]) is not None):
        return "dates"
    return "numbers" if labels.dtype.kind in "biuf" else "text"
