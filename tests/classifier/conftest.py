"""Small data, and classifiers that have read it."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from gpicl import InContextClassifier


@pytest.fixture(scope="session")
def iris():
    """Training rows, their classes, queries and theirs."""
    X, y = load_iris(return_X_y=True)
    return X[::3], y[::3], X[1::3], y[1::3]


@pytest.fixture(scope="session")
def fitted(iris) -> InContextClassifier:
    X, y, _, _ = iris
    return InContextClassifier().fit(X, y)


@pytest.fixture
def blobs():
    """Classes around centres of their own: rows, classes."""

    def make(classes: int, features: int, each: int = 6, seed: int = 0):
        random = np.random.default_rng(seed)
        y = np.repeat(np.arange(classes), each)
        X = 4 * random.normal(size=(classes, features))[y] + random.normal(size=(len(y), features))
        order = random.permutation(len(y))
        return X[order], y[order]

    return make
