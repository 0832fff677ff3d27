"""The classifier on a device, and in a precision."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris

from gpicl import InContextClassifier
from gpicl.errors import GpiclError

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
X, Y = load_iris(return_X_y=True)
CONTEXT, LABELS, QUERIES = X[::3], Y[::3], X[1::3]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"device": "meta"}, "Unknown device 'meta'"),
        ({"device": "cuda"}, "'cuda' is not available"),
        ({"dtype": "float16"}, "Unknown dtype 'float16'"),
    ],
)
def test_an_unavailable_device_or_dtype_is_refused_before_anything_is_read(monkeypatch, parameters, error):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    classifier = InContextClassifier("no such weights", **parameters)
    with pytest.raises(GpiclError, match=error):
        classifier.fit(CONTEXT, LABELS)


def test_the_cpu_computes_in_float64_unless_another_precision_is_chosen():
    given = [
        InContextClassifier(n_estimators=1, device="cpu", dtype=dtype).fit(CONTEXT, LABELS).predict_proba(QUERIES)
        for dtype in ("float64", torch.float64, "float32")
    ]
    np.testing.assert_array_equal(given[0], given[1])
    assert not np.array_equal(given[0], given[2])
    np.testing.assert_allclose(given[0], given[2], atol=1e-3)


def test_a_pickle_keeps_the_precision():
    classifier = InContextClassifier(n_estimators=1, device="cpu", dtype="float32").fit(CONTEXT, LABELS)
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(classifier.predict_proba(QUERIES), again.predict_proba(QUERIES))


@GPU
@pytest.mark.parametrize("weights", ["general", "mnist"])
def test_a_gpu_predicts_as_the_cpu_does(weights):
    on_cpu, on_gpu = (InContextClassifier(weights, device=d).fit(CONTEXT, LABELS) for d in ("cpu", "cuda"))
    expected = on_cpu.predict_proba(QUERIES)
    np.testing.assert_allclose(on_gpu.predict_proba(QUERIES), expected, atol=1e-3)
    loaded = pickle.loads(pickle.dumps(on_gpu))
    np.testing.assert_allclose(loaded.predict_proba(QUERIES), expected, atol=1e-3)


@GPU
def test_on_a_gpu_predictions_do_not_depend_on_the_batch():
    random = np.random.default_rng(0)
    y = random.integers(0, 4, 500)
    rows = random.normal(size=(500, 20)) + 2 * random.normal(size=(4, 20))[y]
    classifier = InContextClassifier(n_estimators=2).fit(rows[:300], y[:300])
    together = classifier.predict_proba(rows[300:])
    alone = np.concatenate([classifier.predict_proba(row[None]) for row in rows[300:]])
    np.testing.assert_allclose(alone, together, atol=1e-5, rtol=0)
