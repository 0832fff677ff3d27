"""The ensemble: a learner that reads the same context in several views, plus forests and a linear model."""

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from gpicl.classifier.classical_models import ClassicalModel, fit_classical_models
from gpicl.classifier.codes import class_log_probabilities, decode, draw_codes, members_needed
from gpicl.classifier.columns import Columns
from gpicl.classifier.large_contexts import subsample
from gpicl.classifier.member_weights import Pool
from gpicl.classifier.preprocessing import make_views
from gpicl.classifier.reading import ReadContexts
from gpicl.learners import Learner
from gpicl.runtime import one_blas_thread

# Most examples that a member reads; if there are more, each member draws its own. This bounds the time of a query and
# the memory of a fitted classifier.
MOST_READ = 400
# Most examples for fitting the weights of members; more do not make the weights noticeably more certain.
_MOST_JUDGED = 2000


class Ensemble:
    """Members that have seen the same context in different ways and predict together.

    Members that read the context differ in the view and in the order of the examples. If there are many examples, they
    also read different ones. If the weights are bound to a size, they also differ in the projection of the features and
    in the labels of the classes. With more than one such member, two forests and a linear model are added.

    Args:
        features: Features of the context; NaN where a value is missing.
        classes: Class of each example, 0..K-1.
        learner: On any device, in float64 or float32.
        num_classes: Number of classes K.
        members: Members M that read the context; increased if a learner with few labels needs more to distinguish all
            classes.
        budget: Bytes that a pass may take; see `ReadContexts`.
        seed: Seed of all random draws.
        most_read: Most examples that a member reads.
    """

    def __init__(
        self,
        features: Float64[np.ndarray, "N F"],
        classes: Int64[np.ndarray, " N"],
        *,
        learner: Learner,
        num_classes: int,
        members: int,
        budget: int,
        seed: int,
        most_read: int = MOST_READ,
    ) -> None:
        # Classes are ordered by first occurrence, so that their names do not affect rounding or random draws.
        self._order = _first_come(classes, num_classes)
        classes = self._order.argsort()[classes]
        random = np.random.RandomState(seed)
        with one_blas_thread():
            self._columns = Columns(features)
            filled = self._columns(features)
            judged = subsample(classes, min(len(classes), _MOST_JUDGED), random)
            count = min(len(classes), most_read)
            self._readers = _Readers(filled, classes, learner, num_classes, members, budget, random, judged, count)
            self._classical: list[ClassicalModel] = []
            if members > 1:
                self._classical = fit_classical_models(filled, classes, num_classes, random.randint(2**31))
            classical = (model.held_out[judged] for model in self._classical)
            self._pool = Pool(np.stack([*self._readers.held_out, *classical]), classes[judged])

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Return each query's class probabilities; queries do not see each other.

        Args:
            features: Queries with the same columns as the context.
        """
        at_once = self._readers.answers_at_once
        chunks = [self._answer(features[first : first + at_once]) for first in range(0, len(features), at_once)]
        return np.concatenate(chunks)

    def _answer(self, features: np.ndarray) -> np.ndarray:
        with one_blas_thread():
            filled = self._columns(features)
            classical = [model.predict_proba(filled) for model in self._classical]
            pooled = self._pool(np.stack([*self._readers.predict_proba(filled), *classical]))
        return pooled[:, self._order.argsort()]


class _Readers:
    """The members that read the context with the learner.

    Attributes:
        held_out: Probabilities for the judged examples, predicted without their labels, [M, J, K]. If members
            distinguish only groups of classes, they count as one member and M is 1.
    """

    held_out: Float64[np.ndarray, "M J K"]

    def __init__(
        self,
        filled: Float64[np.ndarray, "N F"],
        classes: Int64[np.ndarray, " N"],
        learner: Learner,
        num_classes: int,
        members: int,
        budget: int,
        random: np.random.RandomState,
        judged: Int64[np.ndarray, " J"],
        count: int,
    ) -> None:
        self._num_labels = num_classes if learner.any_size else learner.num_classes
        members = max(members, members_needed(num_classes, self._num_labels))
        # All members read the same number of examples, each in its own order.
        rows = np.stack([random.permutation(subsample(classes, count, random)) for _ in range(members)])
        if not learner.ordered:
            # The learner predicts a context in folds, which take examples in turn. Sorted by class, each fold gets its
            # share of every class.
            rows = np.stack([own[np.argsort(classes[own], kind="stable")] for own in rows])
        views = make_views(filled, members, random.randint(2**31))
        self._views = [view.fit(filled[read]) for view, read in zip(views, rows, strict=True)]
        seen = [view.transform(filled[read]) for view, read in zip(self._views, rows, strict=True)]
        self._projections: list[Tensor] | None = None
        if learner.rotation_invariant and learner.any_size:
            self._width = max(view.shape[1] for view in seen)
        else:
            self._width = learner.num_features
            self._projections = [_projection(view, self._width, random) for view in seen]
        learner = learner.with_size(self._width, self._num_labels)
        self._codes = torch.from_numpy(draw_codes(num_classes, self._num_labels, members, random))
        labels = self._codes.gather(1, torch.from_numpy(classes[rows]))
        self._contexts = ReadContexts(learner, self._to_tensor(seen), labels, budget)
        self.held_out = self._predict_context(filled, rows, judged)

    @property
    def answers_at_once(self) -> int:
        """Most queries in one pass."""
        return self._contexts.answers_at_once

    def predict_proba(self, filled: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "M Q K"]:
        """Return each member's probabilities, or one combined set if members distinguish only groups of classes."""
        return self._probabilities(self._log_probabilities([filled] * len(self._views)))

    def _log_probabilities(self, queries: list[np.ndarray]) -> Tensor:
        seen = self._to_tensor([view.transform(rows) for view, rows in zip(self._views, queries, strict=True)])
        return class_log_probabilities(self._contexts.answer(seen), self._codes)

    def _probabilities(self, log_probabilities: Tensor) -> np.ndarray:
        if log_probabilities.shape[2] > self._num_labels:
            return decode(log_probabilities, self._num_labels)[None].numpy()
        return log_probabilities.exp().numpy()

    def _predict_context(self, filled: np.ndarray, rows: np.ndarray, judged: np.ndarray) -> np.ndarray:
        """Predict the judged examples without their labels: those that a member read in folds, others as queries."""
        read = class_log_probabilities(self._contexts.logits, self._codes)
        found = torch.empty(len(rows), len(judged), read.shape[2], dtype=torch.float64)
        place = np.full(len(filled), -1)
        place[judged] = np.arange(len(judged))
        for member, own in enumerate(place[rows]):
            found[member, torch.from_numpy(own[own >= 0])] = read[member, torch.from_numpy(own >= 0)]
        others = [np.setdiff1d(judged, own) for own in rows]
        # Every member needs the same number of queries, so shorter lists are padded with repeats.
        others = [np.resize(own, max(map(len, others))) if len(own) else judged[:0] for own in others]
        for first in range(0, len(others[0]), self.answers_at_once):
            asked = [own[first : first + self.answers_at_once] for own in others]
            answers = self._log_probabilities([filled[own] for own in asked])
            found[torch.arange(len(rows))[:, None], torch.from_numpy(place[np.stack(asked)])] = answers
        return self._probabilities(found)

    def _to_tensor(self, seen: list[np.ndarray]) -> Tensor:
        """Every member's inputs, `[M, N, F]`: projected to the learner's size, or padded with zeros.

        A learner that uses only inner products of its inputs ignores features that are zero.
        """
        inputs = torch.zeros(len(seen), len(seen[0]), self._width, dtype=torch.float64)
        for member, view in enumerate(seen):
            features = torch.from_numpy(view)
            if self._projections is None:
                inputs[member, :, : features.shape[1]] = features
            else:
                inputs[member] = features @ self._projections[member]
        return inputs


def _first_come(classes: np.ndarray, num_classes: int) -> Int64[np.ndarray, " K"]:
    """Classes in order of first occurrence; classes that never occur come last."""
    found, first = np.unique(classes, return_index=True)
    absent = np.setdiff1d(np.arange(num_classes), found)
    return np.concatenate([found[first.argsort()], absent])


def _projection(context: np.ndarray, width: int, random: np.random.RandomState) -> Tensor:
    """Draw a projection from the distribution of the meta-training tasks; projected inputs have a mean square of 1."""
    size = float(np.sqrt(np.square(context).mean())) or 1.0
    return torch.from_numpy(random.standard_normal((context.shape[1], width)) / (size * np.sqrt(context.shape[1])))
