"""Classes and their names, and examples."""

import numpy as np
import pytest

from gpicl.demo.lesson import EXAMPLE_SETS, Lesson, digits
from gpicl.demo.limits import EXAMPLES
from gpicl.errors import GpiclError

PICTURE = np.zeros((28, 28), np.uint8)


def test_a_change_is_another_lesson():
    before = Lesson()
    after = before.with_class("arrow").renamed(0, "face").with_example(PICTURE, 2)
    assert before == Lesson()
    assert after.names == ("face", "B", "arrow")
    assert [example.label for example in after.examples] == [2]
    assert len(after.of_class(2)) == 1
    assert not after.of_class(0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "at least one character"),
        ("   ", "at least one character"),
        ("x" * 41, "40 characters at most; this one has 41"),
        ("one\ntwo", "control characters"),
        ("nul\0", "control characters"),
        ("a\u2028b", "control characters"),
        ("B", "already"),
        (" B ", "already"),
    ],
)
def test_names_that_are_refused(name, reason):
    with pytest.raises(GpiclError, match=reason):
        Lesson().with_class(name)
    with pytest.raises(GpiclError, match=reason):
        Lesson().renamed(0, name)


@pytest.mark.parametrize("name", ["x" * 40, "стрелка", "<img src=x onerror=alert(1)>", "\U0001f469\u200d\U0001f52c"])
def test_names_that_are_accepted(name):
    assert Lesson().renamed(0, name).names == (name, "B")


def test_there_are_ten_classes_at_most():
    lesson = Lesson()
    for i in range(8):
        lesson = lesson.with_class(str(i))
    with pytest.raises(GpiclError, match="10 classes already"):
        lesson.with_class("eleventh")


@pytest.mark.parametrize("label", [-1, 2, 9])
def test_a_class_that_is_not_there_is_refused(label):
    with pytest.raises(GpiclError, match=f"no class {label}; the classes are 0 to 1"):
        Lesson().with_example(PICTURE, label)
    with pytest.raises(GpiclError, match="no class"):
        Lesson().renamed(label, "x")


def test_the_context_is_bounded():
    lesson = Lesson(examples=Lesson().with_example(PICTURE, 0).examples * EXAMPLES)
    with pytest.raises(GpiclError, match="500 drawings have been taught"):
        lesson.with_example(PICTURE, 0)


def test_the_digits_are_five_of_each_and_always_the_same():
    lesson = digits()
    assert lesson.names == tuple("0123456789")
    assert np.bincount([example.label for example in lesson.examples]).tolist() == [5] * 10
    assert EXAMPLE_SETS["digits"]() is lesson
