"""Lessons to start from."""

from collections.abc import Callable
from functools import cache
from typing import Literal

import numpy as np

from gpicl.data import load_dataset
from gpicl.demo.drawing import as_picture
from gpicl.demo.lesson import Example, Lesson

ExampleSet = Literal["none", "digits"]
_EACH = 5


@cache
def digits() -> Lesson:
    """Five handwritten digits of each kind, from scikit-learn, in an order without a pattern."""
    dataset = load_dataset("digits", "train")
    random = np.random.default_rng(0)
    rows = np.concatenate([random.choice(np.flatnonzero(dataset.labels == c), _EACH, False) for c in range(10)])
    examples = []
    for row in random.permutation(rows):
        picture = as_picture(dataset.images[row, ..., 0].tolist())
        if picture is not None:
            examples.append(Example(picture, int(dataset.labels[row])))
    return Lesson(tuple(dataset.classes), tuple(examples))


EXAMPLE_SETS: dict[ExampleSet, Callable[[], Lesson]] = {"none": Lesson, "digits": digits}
