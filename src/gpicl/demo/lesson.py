"""A lesson: classes, labelled drawings, and the learning curve over them."""

import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from gpicl.data import load_dataset
from gpicl.demo.drawing import as_picture
from gpicl.demo.limits import CLASSES, EXAMPLES, NAME_LENGTH, RefusedError

# Control characters, and line and paragraph separators. Format characters are allowed: they join emoji.
_NOT_IN_NAMES = {"Cc", "Cs", "Zl", "Zp"}


@dataclass(frozen=True, eq=False)
class Example:
    """A labelled picture, compared by identity: two equal pictures are two examples.

    Args:
        picture: Picture from `as_picture`.
        label: Index of its class.
    """

    picture: UInt8[np.ndarray, "28 28"]
    label: int


@dataclass(frozen=True)
class Lesson:
    """Classes and examples. Lessons are immutable: a change makes a new one, so undo only needs the old one.

    Args:
        names: Names of the classes, by label.
        examples: Examples in the order they were taught.
    """

    names: tuple[str, ...] = ("A", "B")
    examples: tuple[Example, ...] = ()

    def with_class(self, name: str) -> "Lesson":
        """Add a class.

        Args:
            name: Name of the class.

        Raises:
            RefusedError: If there are too many classes, or the name is not valid.
        """
        if len(self.names) == CLASSES:
            raise RefusedError(f"There are {CLASSES} classes already, the maximum. Rename one of them instead.", 409)
        return replace(self, names=(*self.names, self._new_name(name)))

    def renamed(self, label: int, name: str) -> "Lesson":
        """Rename a class.

        Args:
            label: Label of the class.
            name: New name.

        Raises:
            RefusedError: If there is no such class, or the name is not valid.
        """
        others = replace(self, names=tuple(n for i, n in enumerate(self.names) if i != self._known(label)))
        name = others._new_name(name)
        return replace(self, names=(*self.names[:label], name, *self.names[label + 1 :]))

    def with_example(self, picture: UInt8[np.ndarray, "28 28"], label: int) -> "Lesson":
        """Add a labelled picture.

        Args:
            picture: Picture from `as_picture`.
            label: Label of its class.

        Raises:
            RefusedError: If there is no such class, or there are too many examples.
        """
        if len(self.examples) >= EXAMPLES:
            raise RefusedError(f"{EXAMPLES} drawings have been taught, the maximum. Undo some, or start over.", 409)
        return replace(self, examples=(*self.examples, Example(picture, self._known(label))))

    def of_class(self, label: int) -> list[Example]:
        """List the examples of one class."""
        return [example for example in self.examples if example.label == label]

    def _known(self, label: int) -> int:
        if not 0 <= label < len(self.names):
            raise RefusedError(f"There is no class {label}; the classes are 0 to {len(self.names) - 1}.", 404)
        return label

    def _new_name(self, name: str) -> str:
        name = unicodedata.normalize("NFC", name).strip()
        if not name:
            raise RefusedError("A class name needs at least one character.")
        if len(name) > NAME_LENGTH:
            raise RefusedError(f"A class name may have {NAME_LENGTH} characters at most; this one has {len(name):,}.")
        if any(unicodedata.category(character) in _NOT_IN_NAMES for character in name):
            raise RefusedError("A class name must be one line of text without control characters.")
        if name in self.names:
            raise RefusedError(f"There is a class {name!r} already. Choose another name.", 409)
        return name


ExampleSet = Literal["none", "digits"]
_EACH = 5


@cache
def digits() -> Lesson:
    """A lesson of five handwritten digits per class, from scikit-learn, in random order."""
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


Outcome = Literal["right", "wrong", "uncounted"]
Predict = Callable[[Sequence[Example], Example], int | None]


class Curve:
    """Outcomes of a lesson's predictions, computed step by step.

    An outcome depends only on the examples up to its own. So a curve can start at any time, also for a learner that was
    chosen later, and known outcomes stay valid when examples are added or undone.

    The first example of a class is `uncounted`, since its class is not known yet, and so are all examples before there
    are two classes.
    """

    def __init__(self) -> None:
        self._examples: tuple[Example, ...] = ()
        self.outcomes: list[Outcome] = []

    @property
    def running_accuracy(self) -> list[float | None]:
        """Share of right predictions up to each position; None before the first counted one."""
        right = counted = 0
        shares: list[float | None] = []
        for outcome in self.outcomes:
            right += outcome == "right"
            counted += outcome != "uncounted"
            shares.append(right / counted if counted else None)
        return shares

    def advance(self, examples: tuple[Example, ...], predict: Predict, seconds: float) -> bool:
        """Compute missing outcomes within a time limit, at least one if any is missing.

        Args:
            examples: The lesson's examples.
            predict: Called with the earlier examples and one more; returns a label for the latter, or None if the
                earlier ones have fewer than two classes.
            seconds: Time after which no new outcome is started.

        Returns:
            Whether all outcomes are known.
        """
        self._forget_what_differs(examples)
        began = time.monotonic()
        while len(self.outcomes) < len(examples):
            position = len(self.outcomes)
            before, example = examples[:position], examples[position]
            self.outcomes.append(_outcome(before, example, predict))
            self._examples = examples[: position + 1]
            if time.monotonic() - began > seconds:
                break
        return len(self.outcomes) == len(examples)

    def _forget_what_differs(self, examples: tuple[Example, ...]) -> None:
        same = 0
        for mine, theirs in zip(self._examples, examples, strict=False):
            if mine is not theirs:
                break
            same += 1
        self._examples = self._examples[:same]
        del self.outcomes[same:]


def _outcome(before: Sequence[Example], example: Example, predict: Predict) -> Outcome:
    if not any(earlier.label == example.label for earlier in before):
        return "uncounted"
    predicted = predict(before, example)
    if predicted is None:
        return "uncounted"
    return "right" if predicted == example.label else "wrong"
