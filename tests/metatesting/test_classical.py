"""Classical learners answer the episodes that meta-trained ones get, each fitted to what came before."""

from itertools import chain

import numpy as np
import pytest

from gpicl.errors import TaskError, UnknownNameError
from gpicl.metatesting import CLASSICAL, evaluate_classical, prediction_milliseconds
from gpicl.metatesting.classical import ROTATED, in_fewer_features, predict_classically


@pytest.mark.parametrize("name", CLASSICAL)
def test_they_learn_clear_patterns_from_their_context(name, features):
    table = evaluate_classical(name, {"patterns": features}, positions=(1, 21), episodes=60, length=21, num_classes=4)
    assert table["position"].tolist() == [1, 21]
    first, last = table["accuracy"]
    assert first < 0.5 < 0.9 < last
    assert table["loss"].isna().all()
    assert (table["low"] <= table["accuracy"]).all()
    assert (table["accuracy"] <= table["high"] + 1e-9).all()


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_prediction_depends_on_the_past_alone(name):
    random = np.random.default_rng(0)
    inputs, labels = random.standard_normal((12, 5)), random.integers(0, 3, 12)
    positions = (1, 2, 6, 8)
    before = predict_classically(name, inputs, labels, positions)
    inputs[8:], labels[7:] = 9.0, 2
    assert (predict_classically(name, inputs, labels, positions) == before).all()


@pytest.mark.parametrize("name", CLASSICAL)
def test_poor_contexts_get_an_answer_too(name):
    inputs = np.eye(4)
    assert predict_classically(name, inputs, np.array([2, 2, 1, 0]), (1, 2, 3)).tolist() == [0, 2, 2]
    assert predict_classically(name, inputs, np.array([0, 1, 2, 0]), (3, 4)).shape == (2,)


@pytest.mark.parametrize("noise", [0.0, 1e-8])
@pytest.mark.parametrize("name", CLASSICAL)
def test_classes_whose_examples_are_all_equal_are_learned(name, noise):
    random = np.random.default_rng(0)
    patterns, labels = random.standard_normal((5, 20)), np.arange(20) % 5
    inputs = (patterns[labels] + noise * random.standard_normal((20, 20))).astype(np.float32)
    assert predict_classically(name, inputs, labels, range(16, 21)).tolist() == labels[15:].tolist()


def test_the_nearest_neighbour_is_the_one_of_scikit_learns_distances():
    inputs = np.array([[0.0, 0], [5, 5], [4, 4.5], [0, 1]])
    assert predict_classically("NearestNeighbour", inputs, np.array([3, 1, 0, 0]), (3, 4)).tolist() == [1, 3]


@pytest.mark.parametrize("name", ROTATED)
def test_many_features_are_rotated_into_fewer_without_changing_an_answer(name, monkeypatch):
    random = np.random.default_rng(0)
    patterns, labels = random.standard_normal((3, 1000)), np.arange(24) % 3
    inputs = (patterns[labels] + 8 * random.standard_normal((24, 1000))).astype(np.float32)
    assert in_fewer_features(inputs).shape == (24, 24)
    rotated = predict_classically(name, inputs, labels, range(2, 25))
    monkeypatch.setattr("gpicl.metatesting.classical._MANY_FEATURES", 10**6)
    plain = predict_classically(name, inputs, labels, range(2, 25))
    assert 0 < (plain == labels[1:]).sum() < 23, "neither easy nor hopeless"
    assert rotated.tolist() == plain.tolist()


def test_unknown_names_and_positions_outside_the_episode_are_refused(features):
    with pytest.raises(UnknownNameError, match="RBFSVM"):
        evaluate_classical("RBFSWM", {"a": features})
    with pytest.raises(TaskError, match="1 to 10"):
        evaluate_classical("RBFSVM", {"a": features}, positions=(11,), length=10)


def test_the_time_of_a_prediction_is_the_median_in_milliseconds(monkeypatch):
    taken = [1.0, 9.0, 2.0, 8.0, 3.0, 7.0, 4.0]
    clock = chain.from_iterable((0.0, seconds) for seconds in taken)
    monkeypatch.setattr("gpicl.metatesting.prediction_time.time.perf_counter", lambda: next(clock))
    assert prediction_milliseconds("NearestNeighbour", length=10, num_features=4) == 4000.0
