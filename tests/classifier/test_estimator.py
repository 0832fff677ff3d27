"""What a user of `InContextClassifier` may count on."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gpicl import InContextClassifier
from gpicl.errors import CheckpointError, ClassifierError, UnknownNameError


def same(a, b):
    np.testing.assert_array_equal(a, b)


def close(a, b, tolerance=1e-9):
    np.testing.assert_allclose(a, b, atol=tolerance, rtol=0)


def test_it_learns_iris_without_any_training(fitted, iris):
    _, _, queries, classes = iris
    assert fitted.score(queries, classes) > 0.9


def test_probabilities_are_probabilities_and_predictions_the_largest_of_them(fitted, iris):
    probabilities = fitted.predict_proba(iris[2])
    close(probabilities.sum(1), 1)
    assert (probabilities >= 0).all()
    same(fitted.predict(iris[2]), probabilities.argmax(1))


def test_classes_keep_their_names(iris):
    X, y, queries, classes = iris
    names = np.array(["setosa", "versicolor", "virginica"])
    classifier = InContextClassifier().fit(X, names[y])
    assert classifier.classes_.tolist() == names.tolist()
    assert (classifier.predict(queries) == names[classes]).mean() > 0.9


@settings(max_examples=6)
@given(order=st.permutations(range(3)))
def test_renaming_the_classes_permutes_the_answers(fitted, iris, order):
    X, y, queries, _ = iris
    renamed = InContextClassifier().fit(X, np.array(order)[y])
    close(renamed.predict_proba(queries)[:, order], fitted.predict_proba(queries))


@settings(max_examples=8)
@given(first=st.integers(0, 40), count=st.integers(1, 10), seed=st.integers(0, 99))
def test_queries_never_see_each_other(fitted, iris, first, count, seed):
    queries = iris[2]
    order = np.random.default_rng(seed).permutation(len(queries))
    whole = fitted.predict_proba(queries)
    close(fitted.predict_proba(queries[first : first + count]), whole[first : first + count])
    close(fitted.predict_proba(queries[order]), whole[order])


@settings(max_examples=6)
@given(cuts=st.lists(st.integers(1, 49), max_size=3, unique=True))
def test_fitting_bit_by_bit_is_fitting_all_at_once_to_the_bit(fitted, iris, cuts):
    X, y, queries, _ = iris
    classifier = InContextClassifier()
    for part in np.split(np.arange(len(X)), sorted(cuts)):
        classifier.partial_fit(X[part], y[part], classes=[0, 1, 2])
    same(classifier.predict_proba(queries), fitted.predict_proba(queries))


def test_a_class_that_was_announced_can_be_predicted_before_it_has_an_example(iris):
    X, y, queries, _ = iris
    classifier = InContextClassifier().partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    assert classifier.predict_proba(queries).shape == (len(queries), 3)
    assert (classifier.predict_proba(queries)[:, 2] > 0).all()


def test_classes_that_were_not_announced_may_come_later(iris):
    X, y, _, _ = iris
    classifier = InContextClassifier().partial_fit(X[y < 2], y[y < 2])
    assert classifier.classes_.tolist() == [0, 1]
    assert classifier.partial_fit(X[y == 2], y[y == 2]).classes_.tolist() == [0, 1, 2]


def test_a_refused_fit_leaves_the_classifier_as_it_was(iris):
    X, y, queries, _ = iris
    classifier = InContextClassifier(n_estimators=1).fit(X, y)
    expected = classifier.predict_proba(queries)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        classifier.fit(X[:, :2], y[:5])
    same(classifier.predict_proba(queries), expected)
    unfitted = InContextClassifier(n_estimators=1)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        unfitted.fit(X, y[:5])
    assert not [name for name in vars(unfitted) if name.endswith("_")]


def test_labels_of_another_kind_are_refused_in_a_partial_fit(iris):
    X, y, _, _ = iris
    classifier = InContextClassifier(n_estimators=1).partial_fit(X, y)
    for labels in (["a", "b"], np.array(["a", "b"], object)):
        with pytest.raises(ClassifierError, match="y holds text, such as 'a', and so far it held numbers, such as 0"):
            classifier.partial_fit(X[:2], labels)


def test_parameters_are_checked_in_every_partial_fit(iris):
    X, y, _, _ = iris
    classifier = InContextClassifier(n_estimators=1).partial_fit(X, y)
    with pytest.raises(UnknownNameError, match="Unknown dtype 'bad'"):
        classifier.set_params(dtype="bad").partial_fit(X, y)


def test_a_refused_partial_fit_leaves_the_classifier_as_it_was(iris):
    X, y, queries, _ = iris
    classifier = InContextClassifier().partial_fit(X[y < 2], y[y < 2], classes=[0, 1])
    before = classifier.predict_proba(queries)
    with pytest.raises(ClassifierError, match=r"y holds \[2\], not in classes=\[0, 1\]"):
        classifier.partial_fit(X[y == 2], y[y == 2])
    with pytest.raises(ClassifierError, match="not those so far"):
        classifier.partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    same(classifier.predict_proba(queries), before)


def test_the_same_seed_gives_the_same_probabilities_to_the_bit_and_another_seed_others(fitted, iris):
    X, y, queries, _ = iris
    same(InContextClassifier(random_state=0).fit(X, y).predict_proba(queries), fitted.predict_proba(queries))
    other = InContextClassifier(random_state=1).fit(X, y).predict_proba(queries)
    assert not np.array_equal(other, fitted.predict_proba(queries))


def test_a_small_budget_of_memory_changes_nothing_but_the_number_of_passes(fitted, iris):
    X, y, queries, _ = iris
    classifier = InContextClassifier(memory_budget=1).fit(X, y)
    close(classifier.predict_proba(queries), fitted.predict_proba(queries))


@pytest.mark.parametrize("members", [1, 2, 9])
def test_an_ensemble_may_have_any_size(iris, members):
    X, y, queries, classes = iris
    assert InContextClassifier(n_estimators=members).fit(X, y).score(queries, classes) > 0.85


def test_more_than_ten_classes_and_any_number_of_features(blobs):
    X, y = blobs(classes=23, features=30, each=8)
    classifier = InContextClassifier().fit(X[:120], y[:120])
    assert classifier.predict_proba(X[120:]).shape == (64, 23)
    assert classifier.score(X[120:], y[120:]) > 0.9


def test_one_feature_is_enough(blobs):
    X, y = blobs(classes=2, features=1, each=100, seed=1)
    assert InContextClassifier().fit(X[:100], y[:100]).score(X[100:], y[100:]) > 0.8


def test_where_there_is_nothing_to_learn_it_gives_the_frequencies_of_the_classes():
    y = np.repeat([0, 1], [30, 10])
    probabilities = InContextClassifier().fit(np.ones((40, 3)), y).predict_proba(np.ones((2, 3)))
    close(probabilities, [[0.75, 0.25]] * 2, tolerance=0.1)


def test_repeated_rows_with_noisy_labels_give_the_frequencies():
    X = np.arange(200)[:, None] % 2
    wrong = np.arange(200) % 5 == 0
    probabilities = InContextClassifier().fit(X, X[:, 0] ^ wrong).predict_proba([[0], [1]])
    close(probabilities, [[0.8, 0.2], [0.2, 0.8]], tolerance=0.05)


def test_a_rare_class_that_lies_apart_is_found():
    random = np.random.default_rng(0)
    y = (np.arange(300) < 6).astype(int)
    X = random.normal(size=(300, 8)) + 1.5 * y[:, None]
    queries = random.normal(size=(40, 8)) + 1.5
    assert InContextClassifier().fit(X, y).predict(queries).mean() > 0.5


@pytest.mark.parametrize("shape", [(6, 6), (6, 6, 3)])
def test_images_are_taken_as_they_are(shape):
    random = np.random.default_rng(0)
    y = np.arange(40) % 4
    patterns = random.integers(0, 200, (4, *shape))
    images = (patterns[y] + random.integers(0, 56, (40, *shape))).astype(np.uint8)
    classifier = InContextClassifier().fit(images[:20], y[:20])
    assert classifier.image_shape_ == shape
    assert classifier.n_features_in_ == np.prod(shape)
    assert classifier.score(images[20:], y[20:]) > 0.9
    same(classifier.predict_proba(images[20:].reshape(20, -1)), classifier.predict_proba(images[20:]))
    same(classifier.predict_proba(list(images[20:])), classifier.predict_proba(images[20:]))
    with pytest.raises(ClassifierError, match="images of shape"):
        classifier.predict(images[:, :5])


def test_images_are_no_queries_for_rows_of_features(fitted):
    with pytest.raises(ClassifierError, match="rows of features"):
        fitted.predict(np.zeros((3, 2, 2)))


def test_names_of_columns_are_kept_and_checked(iris):
    X, y, queries, _ = iris
    classifier = InContextClassifier().fit(pd.DataFrame(X, columns=list("abcd")), y)
    assert classifier.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(pd.DataFrame(queries, columns=list("abce")))


def test_missing_values_are_accepted(iris):
    X, y, queries, classes = iris
    random = np.random.default_rng(0)
    X, queries = (np.where(random.random(x.shape) < 0.1, np.nan, x) for x in (X, queries))
    assert InContextClassifier().fit(X, y).score(queries, classes) > 0.85


def test_decision_values_order_classes_as_probabilities_do(fitted, iris):
    X, y, queries, _ = iris
    same(fitted.decision_function(queries).argmax(1), fitted.predict(queries))
    binary = InContextClassifier().fit(X[y > 0], y[y > 0])
    values = binary.decision_function(queries)
    assert values.shape == (len(queries),)
    same(values > 0, binary.predict_proba(queries)[:, 1] > 0.5)


def test_a_pickle_is_small_and_answers_to_the_bit(fitted, iris):
    pickled = pickle.dumps(fitted)
    same(pickle.loads(pickled).predict_proba(iris[2]), fitted.predict_proba(iris[2]))
    assert len(pickled) < 6e6, "about as large as what is kept in memory"


def test_it_takes_part_in_the_rest_of_scikit_learn(iris):
    X, y, queries, classes = iris
    pipeline = make_pipeline(StandardScaler(), InContextClassifier(n_estimators=1)).fit(X, y)
    assert pipeline.score(queries, classes) > 0.85
    search = GridSearchCV(InContextClassifier(), {"n_estimators": [1, 2]}, cv=2).fit(X, y)
    assert search.score(queries, classes) > 0.85
    calibrated = CalibratedClassifierCV(InContextClassifier(n_estimators=1), cv=2).fit(X, y)
    assert calibrated.score(queries, classes) > 0.85
    copy = clone(InContextClassifier(n_estimators=3)).set_params(random_state=5)
    assert copy.get_params()["n_estimators"] == 3


def test_unfitted_it_says_so(iris):
    with pytest.raises(NotFittedError):
        InContextClassifier().predict(iris[2])


def test_sample_weights_of_none_are_none(fitted, iris):
    X, y, queries, _ = iris
    classifier = InContextClassifier().fit(X, y, sample_weight=None)
    same(classifier.predict_proba(queries), fitted.predict_proba(queries))


def test_sample_weights_and_sparse_input_are_refused_clearly(iris):
    X, y, _, _ = iris
    with pytest.raises(ClassifierError, match=r"takes no sample_weight: .* repeat them"):
        InContextClassifier().fit(X, y, sample_weight=np.ones(len(y)))
    with pytest.raises(ClassifierError, match="takes no sample_weight"):
        InContextClassifier().partial_fit(X, y, sample_weight=np.ones(len(y)))
    with pytest.raises(TypeError, match="dense data is required"):
        InContextClassifier().fit(sparse.csr_array(X), y)


@pytest.mark.parametrize(
    ("parameters", "error", "expected"),
    [
        ({"n_estimators": 0}, ClassifierError, "n_estimators must be a whole number of at least 1, not 0"),
        ({"n_estimators": 2.5}, ClassifierError, "n_estimators must be a whole number"),
        ({"max_context": True}, ClassifierError, "max_context must be a whole number"),
        ({"memory_budget": "much"}, ClassifierError, "memory_budget must be a whole number"),
        ({"large_context": "nearst"}, UnknownNameError, "Did you mean 'nearest'"),
        ({"weights": "minst"}, UnknownNameError, "Did you mean 'mnist'"),
        ({"weights": "runs/nothing"}, CheckpointError, "No weights in"),
    ],
)
def test_wrong_parameters_are_answered_at_fit(iris, parameters, error, expected):
    with pytest.raises(error, match=expected):
        InContextClassifier(**parameters).fit(iris[0], iris[1])


def test_one_class_is_refused_with_the_way_out(iris):
    with pytest.raises(ClassifierError, match=r"one class only, .* partial_fit"):
        InContextClassifier().fit(iris[0], np.zeros(len(iris[0])))
