"""More examples than are read at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpicl import InContextClassifier
from gpicl.classifier.large_contexts import subsample
from gpicl.errors import ClassifierError


def test_they_are_read_with_a_warning_that_names_the_choices(iris):
    X, y, queries, classes = iris
    classifier = InContextClassifier(n_estimators=2, max_context=40)
    with pytest.warns(UserWarning, match=r'50 examples .* than the 40 of max_context.*"nearest".*GradientBoosting'):
        classifier.fit(X, y)
    assert classifier.score(queries, classes) > 0.9


def test_more_than_a_thousand_work_by_default():
    random = np.random.default_rng(0)
    X = random.normal(size=(1200, 4))
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 1)
    with pytest.warns(UserWarning, match="1,100 examples are more than the 1,000"):
        classifier = InContextClassifier(n_estimators=1).fit(X[:1100], y[:1100])
    assert classifier.score(X[1100:], y[1100:]) > 0.8


def test_they_can_be_refused(iris):
    X, y, _, _ = iris
    with pytest.raises(ClassifierError, match=r'50 examples .* than the 40 .*"subsample".*"nearest".*GradientBoosting'):
        InContextClassifier(max_context=40, large_context="error").fit(X, y)


@pytest.mark.filterwarnings("ignore:.*of max_context")
@pytest.mark.parametrize("choice", ["subsample", "nearest"])
def test_the_choices_work(iris, choice):
    X, y, queries, classes = iris
    classifier = InContextClassifier(n_estimators=1, large_context=choice, max_context=30)
    assert classifier.fit(X, y).score(queries[::4], classes[::4]) > 0.8
    np.testing.assert_allclose(
        classifier.predict_proba(queries[:3])[1:2], classifier.predict_proba(queries[1:2]), atol=1e-9
    )


@pytest.mark.filterwarnings("ignore:.*of max_context")
def test_adding_examples_draws_the_subsample_of_fitting_all_at_once(iris):
    X, y, queries, _ = iris
    classifier = InContextClassifier(n_estimators=1, large_context="subsample", max_context=30)
    whole = classifier.fit(X, y).predict_proba(queries)
    parts = InContextClassifier(n_estimators=1, large_context="subsample", max_context=30)
    parts.partial_fit(X[:25], y[:25], classes=[0, 1, 2]).partial_fit(X[25:], y[25:])
    np.testing.assert_array_equal(parts.predict_proba(queries), whole)


@settings(max_examples=40)
@given(counts=st.lists(st.integers(1, 30), min_size=2, max_size=6), data=st.data())
def test_a_subsample_keeps_every_class_and_its_share(counts, data):
    classes = np.repeat(np.arange(len(counts)), counts)
    size = data.draw(st.integers(len(counts), len(classes)))
    rows = subsample(classes, size, np.random.RandomState(0))
    assert len(np.unique(rows)) == size
    found = np.bincount(classes[rows], minlength=len(counts))
    assert (found >= 1).all()
    assert (np.abs(found - np.array(counts) * size / len(classes)) <= len(counts)).all()
