"""Data frames with categories, and what cannot be one."""

import numpy as np
import pandas as pd
import pytest

from gpicl import InContextClassifier
from gpicl.classifier.encoding import TableEncoder
from gpicl.classifier.frames import flatten_images
from gpicl.errors import ClassifierError


@pytest.fixture
def frame():
    """A category that tells the class, one that does not, numbers with gaps, and a truth value."""
    random = np.random.default_rng(0)
    y = np.arange(60) % 3
    colours = np.array(["red", "green", "blue"])
    return (
        pd.DataFrame(
            {
                "colour": pd.Categorical(colours[y]),
                "town": random.choice(["here", "there"], 60),
                "size": np.where(random.random(60) < 0.2, np.nan, random.normal(size=60)),
                "count": pd.array([None, *range(59)], dtype="Int64"),
                "open": random.random(60) < 0.5,
            }
        ),
        y,
    )


def test_categories_numbers_and_truth_values_are_understood(frame):
    X, y = frame
    classifier = InContextClassifier().fit(X[:40], y[:40])
    assert classifier.n_features_in_ == 5
    assert classifier.score(X[40:], y[40:]) == 1


def test_fitting_a_frame_bit_by_bit_is_fitting_it_at_once(frame):
    X, y = frame
    parts = InContextClassifier().partial_fit(X[:20], y[:20]).partial_fit(X[20:40], y[20:40])
    whole = InContextClassifier().fit(X[:40], y[:40])
    np.testing.assert_array_equal(parts.predict_proba(X[40:]), whole.predict_proba(X[40:]))


def test_a_missing_category_is_a_category_and_a_new_one_is_none():
    encode = TableEncoder(pd.DataFrame({"a": ["x", None, "y", "x"], "b": [1, 2, 3, 4]}))
    assert encode.has_categories
    encoded = encode(pd.DataFrame({"a": ["x", None, "z"], "b": [5.0, np.nan, 7.0]}))
    np.testing.assert_array_equal(encoded[:, 0], [5, np.nan, 7])
    assert encoded[:, 1:].sum(1).tolist() == [1, 1, 0]


def test_rare_categories_of_a_long_list_are_one():
    names = [f"name {i}" for i in range(100)] * 2
    assert TableEncoder(pd.DataFrame({"a": names}))(pd.DataFrame({"a": names})).shape == (200, 32)


def test_an_array_has_nothing_to_encode():
    X = np.ones((3, 2))
    assert TableEncoder(X)(X) is X


def test_complex_numbers_are_refused(frame):
    X, y = frame
    with pytest.raises(ClassifierError, match=r"Column 'wave' is complex.*two columns"):
        InContextClassifier().fit(X.assign(wave=1j), y)


def test_numbers_that_become_words_are_refused(frame):
    X, y = frame
    classifier = InContextClassifier().fit(X, y)
    with pytest.raises(ClassifierError, match="Column 'size' held numbers"):
        classifier.predict(X.assign(size="large"))


def test_categories_are_found_by_position_in_an_array(frame):
    X, y = frame
    classifier = InContextClassifier().fit(X, y)
    with pytest.warns(UserWarning, match="feature names"):
        answers = classifier.predict_proba(X.to_numpy())
    np.testing.assert_array_equal(answers, classifier.predict_proba(X))


def test_only_three_and_four_dimensions_are_images():
    assert flatten_images(np.zeros((2, 3, 4)))[1] == (3, 4)
    assert flatten_images(np.zeros((2, 3, 4, 1)))[0].shape == (2, 12)
    for other in (np.zeros((2, 3)), [[1, 2]], np.zeros(4), np.zeros((1, 2, 3, 4, 5))):
        assert flatten_images(other)[1] is None
