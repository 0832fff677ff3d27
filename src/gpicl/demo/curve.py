"""The learning curve of one lesson: every drawing is predicted from those before it, then its label is given."""

import time
from collections.abc import Callable, Sequence
from typing import Literal

from gpicl.demo.sessions import Example

Outcome = Literal["right", "wrong", "uncounted"]
Predict = Callable[[Sequence[Example], Example], int | None]


class Curve:
    """Outcomes of a lesson's predictions, as far as they have been computed.

    An outcome depends on the examples up to its own and on nothing else. So a curve can be begun at any time, for a
    learner that was chosen late, and what stands is kept when examples are added or taken back.

    The first example of a class is `uncounted`, since nobody could have known it, and so is everything before there
    are two classes to tell apart.
    """

    def __init__(self) -> None:
        self._examples: tuple[Example, ...] = ()
        self.outcomes: list[Outcome] = []

    @property
    def running_accuracy(self) -> list[float | None]:
        """Share of the predictions up to each position that were right; None before the first that counts."""
        right = counted = 0
        shares: list[float | None] = []
        for outcome in self.outcomes:
            right += outcome == "right"
            counted += outcome != "uncounted"
            shares.append(right / counted if counted else None)
        return shares

    def advance(self, examples: tuple[Example, ...], predict: Predict, seconds: float) -> bool:
        """Compute missing outcomes, one at least if any is missing.

        Args:
            examples: The lesson's.
            predict: Gives the label that the second example gets from the first ones; None if they do not tell.
            seconds: Time after which no other is begun.

        Returns:
            Whether all of them are there.
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
