"""Whom a visitor can teach: every shipped learner, and two classical ones to compare with."""

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from gpicl.classifier import InContextClassifier
from gpicl.classifier.loaded import learner_at_hand
from gpicl.weights import find_weights, load_card, shipped_weights

_MEMORY = 64  # MiB for intermediate results; two requests may compute at once


@dataclass(frozen=True)
class DemoLearner:
    """A learner of the demo.

    Args:
        name: What it is called.
        about: What it is, in a few words.
        build: Makes a classifier that has read nothing yet.
    """

    name: str
    about: str
    build: Callable[[], ClassifierMixin]


# Under the names that they have in the comparison.
_CLASSICAL = [
    DemoLearner(
        "NearestNeighbour",
        "the class of the most similar drawing; scikit-learn",
        lambda: KNeighborsClassifier(1),
    ),
    DemoLearner(
        "LogisticRegression",
        "trained anew by gradient descent after every drawing; scikit-learn",
        lambda: LogisticRegression(max_iter=1000),
    ),
]


def demo_learners(weights: str | PathLike[str]) -> dict[str, DemoLearner]:
    """List the learners by name; the one with these weights is first.

    Args:
        weights: A shipped name, or the folder of a `gpicl train` run, which is then called by the folder's name.

    Raises:
        UnknownNameError: If there are no such weights.
        CheckpointError: If they are damaged.
    """
    name = _name(weights)
    learners = {name: _in_context(name, weights)}
    learners |= {shipped: _in_context(shipped, shipped) for shipped in shipped_weights() if shipped != name}
    return learners | {learner.name: learner for learner in _CLASSICAL}


def _name(weights: str | PathLike[str]) -> str:
    taken = [*shipped_weights(), *(learner.name for learner in _CLASSICAL)]
    folder = Path(weights).resolve().name
    return str(weights) if weights in shipped_weights() or folder in taken else folder


def _in_context(name: str, weights: str | PathLike[str]) -> DemoLearner:
    learner_at_hand(weights)  # damaged weights are refused now, not when somebody draws
    card = load_card(find_weights(weights))
    about = f"{card['learner']} of {card['parameters']:,} parameters; reads your drawings, trains nothing"

    def build() -> ClassifierMixin:
        # "subsample" for learners that cannot read as many examples as a session may hold.
        return InContextClassifier(weights, large_context="subsample", memory_budget=_MEMORY)

    return DemoLearner(name, about, build)
