"""Warnings about slow fits."""

import numpy as np
import pytest

from gpicl import InContextClassifier
from gpicl.classifier import estimator
from gpicl.errors import ClassifierError


class ReadingError(Exception):
    """Raised in place of reading a context."""


@pytest.fixture
def no_reading(monkeypatch):
    def refuse(*_, **__):
        raise ReadingError

    monkeypatch.setattr(estimator, "Ensemble", refuse)


@pytest.mark.parametrize(("rows", "classes", "expected"), [
    (102, 51, r"102 examples of 51 classes, with 4 members, takes about \d+ s on one core and keeps about \d+ MB"),
    (600, 60, r"400 examples of 60 classes"),
])  # fmt: skip
def test_many_classes_are_warned_of_before_they_are_read(no_reading, rows, classes, expected):
    X, y = np.random.default_rng(0).normal(size=(rows, 2)), np.arange(rows) % classes
    with pytest.warns(UserWarning, match=expected), pytest.raises(ReadingError):
        InContextClassifier().fit(X, y)


def test_a_context_for_every_query_is_warned_of():
    X, y = np.random.default_rng(0).normal(size=(600, 2)), np.arange(600) % 2
    with pytest.warns(UserWarning, match="300 examples of 2 classes, with 4 members, .* for every query"):
        InContextClassifier(large_context="nearest", max_context=300).fit(X, y)


def test_one_member_is_not_advised_to_be_fewer(no_reading):
    X, y = np.random.default_rng(0).normal(size=(120, 2)), np.arange(120) % 60
    expected = r"with 1 member, .* Fewer examples \(max_context=200"
    with pytest.warns(UserWarning, match=expected), pytest.raises(ReadingError):
        InContextClassifier(n_estimators=1).fit(X, y)


def test_fewer_are_not_warned_of(recwarn, no_reading):
    X, y = np.random.default_rng(0).normal(size=(500, 2)), np.arange(500) % 50
    with pytest.raises(ReadingError):
        InContextClassifier().fit(X, y)
    assert not recwarn.list


def test_no_more_can_be_read_at_once_than_the_message_says(iris):
    with pytest.raises(ClassifierError, match="max_context must be at most 1,000, not 1,001"):
        InContextClassifier(max_context=1001).fit(iris[0], iris[1])
