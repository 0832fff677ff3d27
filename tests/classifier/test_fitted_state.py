"""A fitted classifier that is stored, sent to other processes and taken back."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch

from gpicl import InContextClassifier
from gpicl.classifier.fitted_state import freeze, thaw
from gpicl.errors import CheckpointError
from gpicl.learners import KernelSetTransformer, build_learner
from gpicl.weights import save_weights


@pytest.fixture
def no_reading(monkeypatch):
    """From here on, no learner reads a context."""

    def start():
        def refuse(*_):
            raise AssertionError("a context was read")

        monkeypatch.setattr(KernelSetTransformer, "encode_context", refuse)
        monkeypatch.setattr(KernelSetTransformer, "encode_memory", refuse)

    return start


@pytest.mark.parametrize("store", [
    lambda classifier: pickle.loads(pickle.dumps(classifier)),
    copy.deepcopy,
])  # fmt: skip
def test_loading_reads_no_context_and_answers_to_the_bit(fitted, iris, no_reading, store):
    expected = fitted.predict_proba(iris[2])
    no_reading()
    np.testing.assert_array_equal(store(fitted).predict_proba(iris[2]), expected)


def test_a_file_that_must_not_be_written_to_will_do(fitted, iris, no_reading, tmp_path):
    joblib.dump(fitted, tmp_path / "fitted.joblib")
    expected = fitted.predict_proba(iris[2])
    no_reading()
    loaded = joblib.load(tmp_path / "fitted.joblib", mmap_mode="r")
    np.testing.assert_array_equal(loaded.predict_proba(iris[2]), expected)


def test_skops_stores_it_and_trusts_all_of_it_but_the_class(iris):
    skops = pytest.importorskip("skops.io")
    X, y, queries, _ = iris
    frame = pd.DataFrame(X, columns=list("abcd")).assign(kind=np.where(X[:, 0] > 5, "tall", "small"))
    asked = pd.DataFrame(queries, columns=list("abcd")).assign(kind="tall")
    fitted = InContextClassifier(n_estimators=2).fit(frame, y)
    stored = skops.dumps(fitted)
    trusted = skops.get_untrusted_types(data=stored)
    assert trusted == ["gpicl.classifier.estimator.InContextClassifier"]
    np.testing.assert_array_equal(
        skops.loads(stored, trusted=trusted).predict_proba(asked), fitted.predict_proba(asked)
    )


def test_more_can_be_fitted_after_loading(iris):
    X, y, queries, _ = iris
    half = pickle.loads(pickle.dumps(InContextClassifier(n_estimators=1).partial_fit(X[:25], y[:25])))
    whole = InContextClassifier(n_estimators=1).partial_fit(X[:25], y[:25]).partial_fit(X[25:], y[25:])
    np.testing.assert_array_equal(half.partial_fit(X[25:], y[25:]).predict_proba(queries), whole.predict_proba(queries))


@pytest.mark.parametrize("name", ["LSTM", "VSML", "SGD", "ValueTransformer", "KernelTransformer"])
def test_every_kind_of_learner_is_stored(name, iris, tmp_path):
    torch.manual_seed(0)
    save_weights(build_learner(name, 4, 3), tmp_path)
    X, y, queries, _ = iris
    fitted = InContextClassifier(tmp_path, n_estimators=1).fit(X[::5], y[::5])
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict_proba(queries[:3]), fitted.predict_proba(queries[:3]))


def test_nearest_contexts_are_stored_too(iris):
    X, y, queries, _ = iris
    fitted = InContextClassifier(n_estimators=1, large_context="nearest", max_context=20).fit(X, y)
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.predict_proba(queries[:2]), fitted.predict_proba(queries[:2]))


def test_symmetric_matrices_are_stored_by_half_and_float32_as_such():
    random = np.random.default_rng(0)
    half = random.normal(size=(3, 50, 50))
    symmetric = half + half.swapaxes(1, 2)
    assert len(pickle.dumps(freeze(symmetric))) < 0.55 * symmetric.nbytes
    single = half.astype(np.float32).astype(np.float64)
    assert len(pickle.dumps(freeze(single))) < 0.55 * single.nbytes
    for array in (symmetric, single, half, half > 0, np.array([["a", None]], dtype=object), np.eye(2, dtype=int)):
        thawed = thaw(pickle.loads(pickle.dumps(freeze(array))))
        assert thawed.dtype == array.dtype
        np.testing.assert_array_equal(thawed, array)


def test_nothing_but_this_package_is_imported():
    with pytest.raises(CheckpointError, match=r"another version of gpicl .*Fit it again"):
        thaw({"is": "object", "class": "os:system", "state": {}})
    with pytest.raises(CheckpointError, match="Fit it again"):
        thaw({"is": "object", "class": "gpicl.classifier.preprocessing:NoSuchView", "state": {}})
