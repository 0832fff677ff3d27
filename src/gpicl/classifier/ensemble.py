"""The ensemble: a learner that reads the same context in several views, with a forest and a linear model beside it."""

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from gpicl.classifier.codes import class_log_probabilities, decode, draw_codes, members_needed
from gpicl.classifier.columns import Columns
from gpicl.classifier.large_contexts import subsample
from gpicl.classifier.member_weights import Pool
from gpicl.classifier.opinions import Opinion, ask_classical_models
from gpicl.classifier.preprocessing import make_views
from gpicl.classifier.reading import ReadContexts
from gpicl.learners import Learner
from gpicl.runtime import one_blas_thread

# Examples that a member reads; of more, each draws its own. Beyond them a query takes no longer, and what is kept grows
# no further.
MOST_READ = 400
# Examples by which members are weighed; more make no weight more certain that matters.
_MOST_JUDGED = 2000


class Ensemble:
    """Members that have seen the same context, each in its own way, and answer together.

    Members that read the context differ in the view and in the order of the examples, and where there are many examples
    in which they read; where weights are bound to a size, also in the projection of the features and in the labels of
    the classes. With more than one of them a forest and a linear model join.

    Args:
        features: Features of the context; NaN where a value is missing.
        classes: Class of each example, 0..K-1.
        learner: On any device, in float64 or float32.
        num_classes: K.
        members: Members M that read the context; more where a learner with few labels needs them to tell all classes
            apart.
        budget: Bytes that a pass may take; see `ReadContexts`.
        seed: Seed of all that is drawn.
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
        # Classes in the order in which they come, so that their names make no difference to rounding or to a draw.
        self._order = _first_come(classes, num_classes)
        classes = self._order.argsort()[classes]
        random = np.random.RandomState(seed)
        with one_blas_thread():
            self._columns = Columns(features)
            filled = self._columns(features)
            judged = subsample(classes, min(len(classes), _MOST_JUDGED), random)
            count = min(len(classes), most_read)
            self._readers = _Readers(filled, classes, learner, num_classes, members, budget, random, judged, count)
            self._opinions: list[Opinion] = []
            if members > 1:
                self._opinions = ask_classical_models(filled, classes, num_classes, random.randint(2**31))
            opinions = (opinion.held_out[judged] for opinion in self._opinions)
            self._pool = Pool(np.stack([*self._readers.held_out, *opinions]), classes[judged])

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Return each query's probabilities of the classes; no query sees another.

        Args:
            features: As many columns as the context.
        """
        at_once = self._readers.answers_at_once
        chunks = [self._answer(features[first : first + at_once]) for first in range(0, len(features), at_once)]
        return np.concatenate(chunks)

    def _answer(self, features: np.ndarray) -> np.ndarray:
        with one_blas_thread():
            filled = self._columns(features)
            opinions = [opinion.predict_proba(filled) for opinion in self._opinions]
            pooled = self._pool(np.stack([*self._readers.predict_proba(filled), *opinions]))
        return pooled[:, self._order.argsort()]


class _Readers:
    """The members that read the context with the learner.

    Attributes:
        held_out: Their probabilities of the judged examples without their labels, [M, J, K]; of a single member where
            they tell only groups of classes apart, as all of them together have one opinion.
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
        # Members read equally many examples, each in an order of its own.
        rows = np.stack([random.permutation(subsample(classes, count, random)) for _ in range(members)])
        if not learner.ordered:
            # It predicts a context in folds, which take examples in turn: each has its share of every class.
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
        """Queries that may be answered in one pass."""
        return self._contexts.answers_at_once

    def predict_proba(self, filled: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "M Q K"]:
        """Return each member's probabilities, or those of all together where they tell only groups of classes apart."""
        return self._probabilities(self._log_probabilities([filled] * len(self._views)))

    def _log_probabilities(self, queries: list[np.ndarray]) -> Tensor:
        seen = self._to_tensor([view.transform(rows) for view, rows in zip(self._views, queries, strict=True)])
        return class_log_probabilities(self._contexts.answer(seen), self._codes)

    def _probabilities(self, log_probabilities: Tensor) -> np.ndarray:
        if log_probabilities.shape[2] > self._num_labels:
            return decode(log_probabilities, self._num_labels)[None].numpy()
        return log_probabilities.exp().numpy()

    def _predict_context(self, filled: np.ndarray, rows: np.ndarray, judged: np.ndarray) -> np.ndarray:
        """Predict what a member has read as it read it, and all else as queries."""
        read = class_log_probabilities(self._contexts.logits, self._codes)
        found = torch.empty(len(rows), len(judged), read.shape[2], dtype=torch.float64)
        place = np.full(len(filled), -1)
        place[judged] = np.arange(len(judged))
        for member, own in enumerate(place[rows]):
            found[member, torch.from_numpy(own[own >= 0])] = read[member, torch.from_numpy(own >= 0)]
        others = [np.setdiff1d(judged, own) for own in rows]
        # Members that have read more of the judged examples than others have theirs filled up with any of them.
        others = [np.resize(own, max(map(len, others))) if len(own) else judged[:0] for own in others]
        for first in range(0, len(others[0]), self.answers_at_once):
            asked = [own[first : first + self.answers_at_once] for own in others]
            answers = self._log_probabilities([filled[own] for own in asked])
            found[torch.arange(len(rows))[:, None], torch.from_numpy(place[np.stack(asked)])] = answers
        return self._probabilities(found)

    def _to_tensor(self, seen: list[np.ndarray]) -> Tensor:
        """What every member sees, `[M, N, F]`: projected to the size that the learner reads, or filled up with zeros.

        To a learner that knows its inputs by their inner products alone a feature of zeros is none.
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
    """Classes in the order in which they first occur; those that never do at the end."""
    found, first = np.unique(classes, return_index=True)
    absent = np.setdiff1d(np.arange(num_classes), found)
    return np.concatenate([found[first.argsort()], absent])


def _projection(context: np.ndarray, width: int, random: np.random.RandomState) -> Tensor:
    """Draw a projection as meta-training draws those of its tasks; inputs come out with a mean square of one."""
    size = float(np.sqrt(np.square(context).mean())) or 1.0
    return torch.from_numpy(random.standard_normal((context.shape[1], width)) / (size * np.sqrt(context.shape[1])))
