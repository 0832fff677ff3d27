"""The learners of the demo, and their predictions; fitted classifiers are cached."""

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
        name: Displayed name.
        about: Short description.
        build: Returns a new classifier, not yet fitted.
    """

    name: str
    about: str
    build: Callable[[], ClassifierMixin]


# With their names in `gpicl compare`.
_CLASSICAL = [
    DemoLearner(
        "NearestNeighbour",
        "predicts the class of the most similar drawing; from scikit-learn",
        lambda: KNeighborsClassifier(1),
    ),
    DemoLearner(
        "LogisticRegression",
        "trained again from scratch after every drawing; from scikit-learn",
        lambda: LogisticRegression(max_iter=1000),
    ),
]


def demo_learners(weights: str | PathLike[str], device: str | None = None) -> dict[str, DemoLearner]:
    """Return all learners by name, with the one for these weights first.

    Args:
        weights: A shipped name, or the folder of a `gpicl train` run, which gives the learner its name.
        device: Device of the learners; see `find_device`.

    Raises:
        UnknownNameError: If there are no such weights.
        CheckpointError: If the weights are damaged.
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
    learner_at_hand(weights, str(device))  # damaged weights are an error now, not at the first drawing
    card = load_card(find_weights(weights))
    about = f"{card['learner']} with {card['parameters']:,} parameters; reads your drawings without training"

    def build() -> ClassifierMixin:
        # "subsample", since some learners cannot read as many examples as a session may have.
        return InContextClassifier(weights, large_context="subsample", memory_budget=_MEMORY, device=str(device))

    return DemoLearner(name, about, build)


class Setting(NamedTuple):
    """A learner and its kind of input.

    Attributes:
        learner: Name of the learner.
        scrambled: Whether pictures are scrambled.
    """

    learner: str
    scrambled: bool


class Predictor:
    """Predicts for all sessions, from any thread, and caches fitted classifiers.

    Args:
        learners: Learners by name.
        most_examples: Maximum number of examples of all cached classifiers together.
    """

    def __init__(self, learners: Mapping[str, DemoLearner], most_examples: int = FITTED_EXAMPLES) -> None:
        self.learners = learners
        self._most = most_examples
        # The key is what a classifier has read, so sessions with the same examples share a classifier.
        self._fitted: OrderedDict[tuple[Setting, tuple[Example, ...]], ClassifierMixin] = OrderedDict()
        self._lock = Lock()

    def probabilities(
        self, setting: Setting, examples: Sequence[Example], picture: UInt8[np.ndarray, "28 28"], keep: bool = True
    ) -> dict[int, float] | None:
        """Return the probability of every class that has an example.

        Args:
            setting: Learner and input.
            examples: Labelled examples so far.
            picture: Picture to predict.
            keep: Cache the fitted classifier for later predictions from the same examples.

        Returns:
            Probabilities by label; None with fewer than two classes.
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
    """Return the most probable label, the first one of equals."""
    return max(probabilities, key=probabilities.__getitem__)
