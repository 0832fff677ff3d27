"""Your own weights, of learners that are bound to numbers of features and classes."""

import numpy as np
import pytest
import torch

from gpicl import InContextClassifier, build_learner, save_weights
from gpicl.errors import ClassifierError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Save an untrained learner; a value Transformer votes with similar examples before any meta-training."""

    def save(name, num_features=12, num_classes=4, **options):
        path = tmp_path_factory.mktemp("run")
        torch.manual_seed(0)
        save_weights(build_learner(name, num_features, num_classes, **options), path)
        return path

    return save


@pytest.mark.parametrize("name", ["ValueTransformer", "LSTM", "VSML", "KernelTransformer"])
@pytest.mark.parametrize("classes", [2, 4, 7])
def test_any_number_of_features_and_classes_will_do(folder, blobs, name, classes):
    options = {"layers": 1, "width": 32} if name.endswith("Transformer") else {"hidden": 8}
    X, y = blobs(classes=classes, features=5)
    classifier = InContextClassifier(folder(name, **options), n_estimators=2).fit(X, y)
    probabilities = classifier.predict_proba(X[:3])
    assert probabilities.shape == (3, classes)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    np.testing.assert_allclose(classifier.predict_proba(X[1:2]), probabilities[1:2], atol=1e-5)


def test_more_classes_than_labels_are_told_apart_by_codes(folder, blobs):
    X, y = blobs(classes=9, features=20, each=12)
    weights = folder("ValueTransformer", num_features=64, layers=2, width=64)
    classifier = InContextClassifier(weights, n_estimators=24).fit(X[:80], y[:80])
    assert classifier.score(X[80:], y[80:]) > 0.5, "guessing is right once in nine times"


def test_renewed_weights_are_noticed(folder, iris):
    X, y, queries, _ = iris
    path = folder("ValueTransformer", layers=1, width=16)
    before = InContextClassifier(path, 1).fit(X, y).predict_proba(queries)
    torch.manual_seed(1)
    save_weights(build_learner("ValueTransformer", 12, 4, layers=1, width=16), path)
    assert not np.array_equal(InContextClassifier(str(path), 1).fit(X, y).predict_proba(queries), before)


def test_a_learner_with_positions_says_how_many_examples_it_reads(folder, blobs):
    X, y = blobs(classes=2, features=3)
    options = {"layers": 1, "width": 8, "heads": 1, "key_size": 4, "max_length": 12}
    path = folder("TokenTransformer", **options)
    with pytest.raises(ClassifierError, match="12 examples are more than the 11"):
        InContextClassifier(path, large_context="error").fit(X, y)
    with pytest.warns(UserWarning, match="12 examples are more than the 11"):
        classifier = InContextClassifier(path).fit(X, y)
    assert classifier.predict(X).shape == (12,)
