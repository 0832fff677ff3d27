"""The learners that a visitor can teach, and their predictions; what was read is not read again."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from gpicl.classifier import InContextClassifier
from gpicl.classifier.loaded import learner_at_hand
from gpicl.demo.drawing import inputs_of
from gpicl.demo.lesson import Example
from gpicl.demo.limits import FITTED_EXAMPLES
from gpicl.runtime import find_device
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


def demo_learners(weights: str | PathLike[str], device: str | None = None) -> dict[str, DemoLearner]:
    """List the learners by name; the one with these weights is first.

    Args:
        weights: A shipped name, or the folder of a `gpicl train` run, which is then called by the folder's name.
        device: Where learners compute; see `find_device`.

    Raises:
        UnknownNameError: If there are no such weights.
        CheckpointError: If they are damaged.
        ConfigError: If there is no such device.
    """
    place = find_device(device)
    name = _name(weights)
    learners = {name: _in_context(name, weights, place)}
    learners |= {shipped: _in_context(shipped, shipped, place) for shipped in shipped_weights() if shipped != name}
    return learners | {learner.name: learner for learner in _CLASSICAL}


def _name(weights: str | PathLike[str]) -> str:
    taken = [*shipped_weights(), *(learner.name for learner in _CLASSICAL)]
    folder = Path(weights).resolve().name
    return str(weights) if weights in shipped_weights() or folder in taken else folder


def _in_context(name: str, weights: str | PathLike[str], device: torch.device) -> DemoLearner:
    learner_at_hand(weights, str(device))  # damaged weights are refused now, not when somebody draws
    card = load_card(find_weights(weights))
    about = f"{card['learner']} of {card['parameters']:,} parameters; reads your drawings, trains nothing"

    def build() -> ClassifierMixin:
        # "subsample" for learners that cannot read as many examples as a session may hold.
        return InContextClassifier(weights, large_context="subsample", memory_budget=_MEMORY, device=str(device))

    return DemoLearner(name, about, build)


class Setting(NamedTuple):
    """How a lesson is given.

    Attributes:
        learner: Name of the learner.
        scrambled: Whether it sees scrambled pictures.
    """

    learner: str
    scrambled: bool


class Predictor:
    """Predicts for all sessions, from any thread, and keeps what it fitted last.

    Args:
        learners: By name.
        most_examples: How many examples the fitted classifiers that are kept may have read together.
    """

    def __init__(self, learners: Mapping[str, DemoLearner], most_examples: int = FITTED_EXAMPLES) -> None:
        self.learners = learners
        self._most = most_examples
        # What a classifier has read says which it is. Sessions that began with the same examples share it.
        self._fitted: OrderedDict[tuple[Setting, tuple[Example, ...]], ClassifierMixin] = OrderedDict()
        self._lock = Lock()

    def probabilities(
        self, setting: Setting, examples: Sequence[Example], picture: UInt8[np.ndarray, "28 28"], keep: bool = True
    ) -> dict[int, float] | None:
        """Give the probability of every class that has an example.

        Args:
            setting: Learner and input.
            examples: What it has been taught.
            picture: What to predict.
            keep: Whether the same examples will be asked about again.

        Returns:
            Probabilities by label; None as long as there are not two classes to tell apart.
        """
        if len({example.label for example in examples}) < 2:
            return None
        classifier = self._fit(setting, tuple(examples), keep)
        (given,) = classifier.predict_proba(inputs_of([picture], setting.scrambled))
        return dict(zip(classifier.classes_.tolist(), given.tolist(), strict=True))

    def _fit(self, setting: Setting, examples: tuple[Example, ...], keep: bool) -> ClassifierMixin:
        key = (setting, examples)
        with self._lock:
            if key in self._fitted:
                self._fitted.move_to_end(key)
                return self._fitted[key]
        labels = np.array([example.label for example in examples])
        inputs = inputs_of([example.picture for example in examples], setting.scrambled)
        classifier = self.learners[setting.learner].build().fit(inputs, labels)
        if keep:
            with self._lock:
                self._fitted[key] = classifier
                self._make_room()
        return classifier

    def _make_room(self) -> None:
        read = sum(len(examples) for _, examples in self._fitted)
        while read > self._most and len(self._fitted) > 1:
            (_, examples), _ = self._fitted.popitem(last=False)
            read -= len(examples)


def most_probable(probabilities: Mapping[int, float]) -> int:
    """Give the label that is most probable, the first of equals.

    Args:
        probabilities: By label.
    """
    return max(probabilities, key=probabilities.__getitem__)
