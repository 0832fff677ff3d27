"""Convert labels (numbers or strings) to class indices and class names."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from jaxtyping import Int64
from numpy.typing import ArrayLike

from gpicl.errors import DataError


def class_indices(
    labels: ArrayLike, classes: Sequence[str] | None, count: int, where: str
) -> tuple[Int64[np.ndarray, " N"], tuple[str, ...]]:
    """Turn labels into indices 0..C-1 and the names of the classes.

    Args:
        labels: One label per example: integers 0..C-1, or strings.
        classes: Names of the classes in the order of their indices. None: the sorted distinct labels, so labels need
            not start at 0 or be consecutive: 0, 100 and 200 are three classes.
        count: Number of examples.
        where: Start of the error message: what the labels belong to.

    Raises:
        DataError: If the labels are neither whole numbers nor strings, one is missing, or there is not one per example.
    """
    found = np.asarray(labels)
    if found.ndim != 1 or len(found) != count:
        raise DataError(
            f"{where}: there must be one label per example, a flat array of {count}, not shape {found.shape}. "
            "Give labels[i] as the class of example i."
        )
    if count == 0:
        raise DataError(f"{where}: it has no examples. Give at least two classes with at least one example each.")
    found = _of_one_type(found, where)
    read = _from_strings if found.dtype.kind in "US" else _from_numbers
    indices, names = read(found, None if classes is None else [str(name) for name in classes], where)
    check_class_indices(indices, names, where, count)
    return indices, names


def check_class_indices(indices: np.ndarray, classes: tuple[str, ...], where: str, count: int) -> None:
    """Raise `DataError` unless these are `count` indices of at least two distinct classes."""
    if indices.shape != (count,) or count == 0:
        raise DataError(
            f"{where}: there must be at least one example, and one label for each: {count} examples came with labels "
            f"of shape {indices.shape}. Give labels[i] as the class of example i."
        )
    if len(classes) < 2:
        raise DataError(
            f"{where}: it has {len(classes)} class; classification needs at least 2. Give examples of at least two "
            "classes."
        )
    if len(set(classes)) != len(classes):
        raise DataError(f"{where}: its class names are not distinct: {', '.join(classes)}. Rename the duplicates.")
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= len(classes):
        raise DataError(
            f"{where}: its labels run from {low} to {high}, but with {len(classes)} classes they must be in "
            f"0..{len(classes) - 1}. Renumber them with numpy.unique(labels, return_inverse=True), give strings, or "
            "name every class."
        )


def _of_one_type(found: np.ndarray, where: str) -> np.ndarray:
    """Return labels as an array of numbers or of text; refuse missing ones, which would become a class."""
    import pandas as pd

    if found.dtype.kind == "T":  # NumPy's text of any length
        found = found.astype(object)
    missing = np.asarray(pd.isna(found))
    if missing.any():
        raise DataError(
            f"{where}: {missing.sum()} of {len(found)} labels are missing, the first of them that of example "
            f"{missing.argmax()}. Leave these examples out, or give them a class."
        )
    if found.dtype != object:
        return found
    if all(isinstance(label, Integral) for label in found):
        return np.array([int(label) for label in found])
    return np.array([str(label) for label in found])


def _from_strings(
    found: np.ndarray, classes: Sequence[str] | None, where: str
) -> tuple[Int64[np.ndarray, " N"], tuple[str, ...]]:
    distinct = [name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in np.unique(found)]
    names = tuple(distinct if classes is None else [str(name) for name in classes])
    unknown = sorted(set(distinct) - set(names))
    if unknown:
        raise DataError(
            f"{where}: the labels {', '.join(unknown[:5])} are not among its classes {', '.join(names[:20])}. Name "
            "every class that occurs, or leave classes=None."
        )
    position = {name: index for index, name in enumerate(names)}
    _, inverse = np.unique(found, return_inverse=True)
    return np.array([position[name] for name in distinct], np.int64)[inverse.reshape(-1)], names


def _from_numbers(
    found: np.ndarray, classes: Sequence[str] | None, where: str
) -> tuple[Int64[np.ndarray, " N"], tuple[str, ...]]:
    if found.dtype.kind not in "buif" or not np.array_equal(found, np.floor(found)):
        raise DataError(
            f"{where}: labels must be whole numbers 0..C-1 or strings, not {found.dtype}"
            f"{' with fractions' * (found.dtype.kind == 'f')}. Round them or use strings."
        )
    if np.abs(found.astype(np.float64)).max() >= 2**62:
        raise DataError(f"{where}: a label is infinite or far too large. Labels must be whole numbers 0..C-1.")
    numbers = found.astype(np.int64)
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high > max(len(numbers), 255):
        raise DataError(
            f"{where}: its labels run from {low} to {high}, which does not look like class numbers. Renumber them with "
            "numpy.unique(labels, return_inverse=True) or give strings."
        )
    if classes is not None:
        return numbers, tuple(classes)
    distinct, indices = np.unique(numbers, return_inverse=True)
    return indices.reshape(-1).astype(np.int64), tuple(str(number) for number in distinct)
