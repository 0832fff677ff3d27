"""What the caller's process has set makes no difference, and stays as it is."""

import threading

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from gpicl import InContextClassifier
from gpicl.classifier import loaded
from gpicl.runtime.threads import one_blas_thread
from gpicl.weights import find_weights, load_weights


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_blocks_that_overlap_restore_the_threads_of_before():
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert set(blas_threads()) == {1}, "the second block is still open"
        second.__exit__(None, None, None)
        assert blas_threads() == before


def test_concurrent_predictions_leave_the_threads_as_they_were(fitted, iris):
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        expected = fitted.predict_proba(iris[2])
        answers = []
        threads = [
            threading.Thread(target=lambda: answers.extend(fitted.predict_proba(iris[2]) for _ in range(5)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert blas_threads() == before
    assert len(answers) == 20
    assert all(np.abs(answer - expected).max() < 1e-9 for answer in answers)


@pytest.fixture
def no_weights_at_hand():
    loaded._load.cache_clear()
    yield
    loaded._load.cache_clear()


@pytest.fixture(params=["meta", torch.float64, torch.float16, torch.bfloat16, "inference"])
def setting(request):
    """A setting of the caller's, made for the length of a test."""
    if request.param == "meta":
        with torch.device("meta"):
            yield
    elif request.param == "inference":
        with torch.inference_mode():
            yield
    else:
        torch.set_default_dtype(request.param)
        yield
        torch.set_default_dtype(torch.float32)


def test_weights_that_are_loaded_in_any_setting_are_the_same(fitted, iris, no_weights_at_hand, setting):
    X, y, queries, _ = iris
    expected = load_weights(find_weights("general"))
    assert {(p.device.type, p.dtype) for p in expected.parameters()} == {("cpu", torch.float32)}
    classifier = InContextClassifier().fit(X, y)
    np.testing.assert_array_equal(classifier.predict_proba(queries), fitted.predict_proba(queries))


def test_a_first_fit_under_another_setting_spoils_no_later_one(fitted, iris, no_weights_at_hand):
    X, y, queries, _ = iris
    with torch.device("meta"):
        InContextClassifier(n_estimators=1).fit(X, y)
    np.testing.assert_array_equal(InContextClassifier().fit(X, y).predict_proba(queries), fitted.predict_proba(queries))


def test_loading_draws_nothing_from_the_callers_random_state(no_weights_at_hand):
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    load_weights(find_weights("general"))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_scikit_learns_output_setting_makes_no_difference():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"number": random.normal(size=30), "colour": ["red", "blue", "red"] * 10})
    y = random.integers(0, 2, 30)
    expected = InContextClassifier().fit(frame, y).predict_proba(frame)
    for kind in ("pandas", "polars"):
        with sklearn.config_context(transform_output=kind):
            np.testing.assert_array_equal(InContextClassifier().fit(frame, y).predict_proba(frame), expected)
