"""More examples than are read at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpicl import InContextClassifier
from gpicl.classifier.large_contexts import subsample
from gpicl.errors import ClassifierError


def test_they_are_refused_with_the_choices(iris):
    X, y, _, _ = iris
    with pytest.raises(ClassifierError, match=r'50 examples .* than the 40 .*"subsample".*"nearest".*GradientBoosting'):
        InContextClassifier(max_context=40).fit(X, y)
    many = np.zeros((1001, 2))
    with pytest.raises(ClassifierError, match="1,001 examples are more than the 1,000"):
        InContextClassifier().fit(many, np.arange(1001) % 2)


@pytest.mark.parametrize("choice", ["subsample", "nearest"])
def test_the_choices_work(iris, choice):
    X, y, queries, classes = iris
    classifier = InContextClassifier(n_estimators=1, large_context=choice, max_context=30)
    assert classifier.fit(X, y).score(queries[::4], classes[::4]) > 0.8
    np.testing.assert_allclose(
        classifier.predict_proba(queries[:3])[1:2], classifier.predict_proba(queries[1:2]), atol=1e-9
    )


def test_adding_examples_draws_the_subsample_of_fitting_all_at_once(iris):
    X, y, queries, _ = iris
    classifier = InContextClassifier(n_estimators=1, large_context="subsample", max_context=30)
    whole = classifier.fit(X, y).predict_proba(queries)
    parts = InContextClassifier(n_estimators=1, large_context="subsample", max_context=30)
    parts.partial_fit(X[:25], y[:25], classes=[0, 1, 2]).partial_fit(X[25:], y[25:])
    np.testing.assert_array_equal(parts.predict_proba(queries), whole)


@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(1, 30), min_size=2, max_size=6), data=st.data())
def test_a_subsample_keeps_every_class_and_its_share(counts, data):
    classes = np.repeat(np.arange(len(counts)), counts)
    size = data.draw(st.integers(len(counts), len(classes)))
    rows = subsample(classes, size, np.random.RandomState(0))
    assert len(np.unique(rows)) == size
    found = np.bincount(classes[rows], minlength=len(counts))
    assert (found >= 1).all()
    assert (np.abs(found - np.array(counts) * size / len(classes)) <= len(counts)).all()
