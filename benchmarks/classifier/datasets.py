"""Data sets of the benchmark, as features and labels."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from gpicl.classifier.large_contexts import subsample
from gpicl.data import load_features
from gpicl.files import write_atomically

_TABLES: dict[str, Callable] = {
    "iris": load_iris,
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
    "digits": load_digits,
}
# Fewer test rows than the first number say next to nothing.
_FEWEST_TO_TEST, MOST_TO_TEST = 30, 500


class Table(NamedTuple):
    """Features [N, F] and labels 0..C-1 [N]."""

    features: np.ndarray
    labels: np.ndarray

    def has_size(self, size: int) -> bool:
        """Whether `size` training rows are possible: at least one of each class, and enough rows left to test on."""
        return len(np.unique(self.labels)) <= size <= len(self.labels) - _FEWEST_TO_TEST

    def split(self, size: int, split: int) -> tuple[np.ndarray, np.ndarray]:
        """Training rows (class shares kept, at least one row per class), and up to 500 of the others as test rows."""
        random = np.random.RandomState(split)
        train = subsample(self.labels, size, random)
        others = np.setdiff1d(np.arange(len(self.labels)), train)
        return random.permutation(train), random.permutation(others)[:MOST_TO_TEST]


def load_table(name: str) -> Table:
    """Load a data set by name or NAME=PATH: images as 14x14 grey from the test split, MNIST-1D as its 40 numbers.

    WHY the test split: weights meta-trained on MNIST have seen the training split.
    """
    if name in _TABLES:
        return Table(*_TABLES[name](return_X_y=True))
    dataset = load_features(name, "train" if name == "mnist1d" else "test", size=14, channels=1)
    return Table(dataset.normalised(np.arange(len(dataset))).astype(np.float64), dataset.labels)


def pack(names: list[str], folder: Path) -> list[str]:
    """Write the features of data sets that do not come with scikit-learn, for a machine without them.

    Args:
        names: Names, or NAME=PATH.
        folder: Folder for the files NAME.npz.

    Returns:
        The names with the new paths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    packed = []
    for name in names:
        if name in _TABLES:
            packed.append(name)
            continue
        label = name.partition("=")[0]
        dataset = load_features(name, "train" if name == "mnist1d" else "test", size=14, channels=1)
        write_atomically(folder / f"{label}.npz", partial(_save, dataset.features, dataset.labels))
        packed.append(f"{label}={folder / label}.npz")
    return packed


def _save(features: np.ndarray, labels: np.ndarray, path: Path) -> None:
    with path.open("wb") as file:  # given a path, NumPy would add a suffix
        np.savez_compressed(file, x=features, y=labels)
