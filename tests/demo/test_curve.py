"""The learning curve of a lesson."""

import numpy as np

from gpicl.demo.lesson import Curve, Example


def examples(labels: str) -> tuple[Example, ...]:
    return tuple(Example(np.zeros((28, 28), np.uint8), int(label)) for label in labels)


def the_latest(before, example):
    """Predict the label that came last, as long as there were two."""
    labels = [earlier.label for earlier in before]
    return labels[-1] if len(set(labels)) > 1 else None


def test_every_example_is_predicted_from_those_before_it_and_first_ones_do_not_count():
    curve = Curve()
    assert curve.advance(examples("0011210"), the_latest, seconds=10.0)
    assert curve.outcomes == ["uncounted", "uncounted", "uncounted", "right", "uncounted", "wrong", "wrong"]
    assert curve.running_accuracy == [None, None, None, 1.0, 1.0, 0.5, 1 / 3]


def test_it_goes_on_where_it_stopped():
    curve, lesson = Curve(), examples("010101")
    for done in range(1, 6):
        assert not curve.advance(lesson, the_latest, seconds=-1.0)
        assert len(curve.outcomes) == done
    assert curve.advance(lesson, the_latest, seconds=-1.0)


def test_what_stands_is_kept_and_what_differs_is_forgotten():
    asked = []

    def predict(before, example):
        asked.append(len(before))
        return the_latest(before, example)

    curve, lesson = Curve(), examples("010011")
    curve.advance(lesson, predict, seconds=10.0)
    assert asked == [2, 3, 4, 5]
    curve.advance(lesson[:4], predict, seconds=10.0)
    assert curve.outcomes == ["uncounted", "uncounted", "wrong", "right"]
    curve.advance((*lesson[:4], *examples("01")), predict, seconds=10.0)
    assert asked == [2, 3, 4, 5, 4, 5]
    assert curve.advance((), predict, seconds=10.0)
    assert curve.outcomes == curve.running_accuracy == []
