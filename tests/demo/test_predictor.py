"""Predictions are `InContextClassifier`'s, and what is kept of them is bounded."""

import numpy as np
import pytest

from gpicl import InContextClassifier
from gpicl.demo.drawing import as_picture, inputs_of
from gpicl.demo.learners import Predictor, Setting, demo_learners, most_probable
from gpicl.demo.lesson import Example


@pytest.fixture(scope="module")
def learners():
    return demo_learners("mnist")


@pytest.fixture(scope="module")
def lesson(draw):
    signs = ["ring", "cross", "bar"]
    return tuple(Example(as_picture(draw(signs[i % 3], i)), 2 * (i % 3)) for i in range(12))


@pytest.mark.parametrize("scrambled", [False, True])
def test_they_are_those_of_the_classifier(learners, lesson, draw, scrambled):
    picture = as_picture(draw("cross", 50))
    given = Predictor(learners).probabilities(Setting("mnist", scrambled), lesson, picture)
    inputs = inputs_of([example.picture for example in lesson], scrambled)
    classifier = InContextClassifier("mnist").fit(inputs, [example.label for example in lesson])
    expected = classifier.predict_proba(inputs_of([picture], scrambled))[0]
    assert given == dict(zip([0, 2, 4], expected.tolist(), strict=True))
    assert most_probable(given) == 2


@pytest.mark.parametrize("name", ["NearestNeighbour", "LogisticRegression"])
def test_classical_learners_can_be_chosen_too(learners, lesson, draw, name):
    given = Predictor(learners).probabilities(Setting(name, True), lesson, as_picture(draw("ring", 51)))
    assert most_probable(given) == 0
    assert sum(given.values()) == pytest.approx(1)


def test_two_examples_are_enough_and_two_classes_are_needed(learners, lesson):
    predictor, setting = Predictor(learners), Setting("mnist", False)
    assert predictor.probabilities(setting, lesson[:2], lesson[0].picture)[0] > 0.5
    assert predictor.probabilities(setting, lesson[:1], lesson[0].picture) is None
    assert predictor.probabilities(setting, lesson[::3], lesson[0].picture) is None


def test_a_context_is_read_once_and_old_ones_are_forgotten(learners, lesson):
    fits = []

    class Counted(InContextClassifier):
        def fit(self, X, y):
            fits.append(len(y))
            return super().fit(X, y)

    learner = learners["mnist"]
    predictor = Predictor({"mnist": type(learner)("mnist", "", Counted)}, most_examples=20)
    setting = Setting("mnist", False)

    def ask(count):
        predictor.probabilities(setting, lesson[:count], lesson[0].picture)

    for count in (8, 8, 12, 8, 12):
        ask(count)
    assert fits == [8, 12], "together they are not more than are kept"
    ask(9)
    assert fits == [8, 12, 9]
    ask(12)
    ask(8)
    assert fits == [8, 12, 9, 12, 8]


def test_500_examples_can_be_read_by_every_learner(learners, draw):
    signs = ["ring", "cross"]
    pictures = [as_picture(draw(signs[i % 2], i)) for i in range(20)]
    lesson = [Example(pictures[i % 20], i % 2) for i in range(500)]
    for name in learners:
        given = Predictor(learners).probabilities(Setting(name, False), lesson, as_picture(draw("cross", 77)))
        assert most_probable(given) == 1
        assert np.isfinite(list(given.values())).all()
