"""The ensemble: one learner that reads the same context in several ways, and answers by their weighted mean."""

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from gpicl.classifier.codes import class_log_probabilities, decode, draw_codes, members_needed
from gpicl.classifier.columns import Columns
from gpicl.classifier.reading import ReadContexts
from gpicl.classifier.trust import member_weights, share_of_guessing
from gpicl.classifier.views import VIEWS, make_views
from gpicl.learners import Learner
from gpicl.runtime import one_blas_thread


class Ensemble:
    """Members that read the same context, each in its own way, and answer together.

    They differ in the view and in the order of the context; where weights are bound to a size, also in the projection
    of the features and in the labels of the classes.

    Args:
        features: Features of the context; NaN where a value is missing.
        classes: Class of each example, 0..K-1.
        learner: In float64.
        num_classes: K.
        members: Members M; more where a learner with few labels needs them to tell all classes apart.
        budget: Bytes that a pass may take; see `ReadContexts`.
        seed: Seed of orders, projections and labels.
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
    ) -> None:
        random = np.random.RandomState(seed)
        self._num_labels = num_classes if learner.any_size else learner.num_classes
        members = max(members, members_needed(num_classes, self._num_labels))
        self._columns = Columns(features)
        filled = self._columns(features)
        # A view is made once, however many members take it.
        taken = VIEWS[:members]
        with one_blas_thread():
            self._views, views = make_views(filled, taken)
        self._view_of = [member % len(taken) for member in range(members)]
        self._projections: list[Tensor] | None = None
        if learner.rotation_invariant and learner.any_size:
            self._width = max(view.shape[1] for view in views)
        else:
            self._width = learner.num_features
            self._projections = [_projection(views[view], self._width, random) for view in self._view_of]
        learner = learner.with_size(self._width, self._num_labels)
        self._codes = torch.from_numpy(draw_codes(num_classes, self._num_labels, members, random))
        orders = torch.from_numpy(np.stack([random.permutation(len(classes)) for _ in range(members)]))
        labels = self._codes.gather(1, torch.from_numpy(classes)[orders])
        self._contexts = ReadContexts(learner, _reorder(self._seen(views), orders), labels, budget)
        self._weigh(orders, torch.from_numpy(classes))

    def predict_proba(self, features: Float64[np.ndarray, "Q F"]) -> Float64[np.ndarray, "Q K"]:
        """Give each query's probabilities of the classes; no query sees another.

        Args:
            features: As many columns as the context.
        """
        at_once = self._contexts.answers_at_once
        chunks = [self._answer(features[first : first + at_once]) for first in range(0, len(features), at_once)]
        return np.concatenate(chunks)

    def _answer(self, features: np.ndarray) -> np.ndarray:
        with one_blas_thread():
            views = self._views(self._columns(features))
        seen = self._seen(views)
        return self._combine(class_log_probabilities(self._contexts.answer(seen), self._codes)).numpy()

    def _combine(self, log_probabilities: Tensor) -> Tensor:
        """`[M, Q, K] -> [Q, K]`."""
        if log_probabilities.shape[2] > self._num_labels:
            mixed = decode(log_probabilities, self._num_labels)
        else:
            mixed = torch.einsum("m,mqk->qk", self._weights, log_probabilities.exp())
        return (1 - self._guessing) * mixed + self._guessing * self._frequencies

    def _weigh(self, orders: Tensor, classes: Tensor) -> None:
        """Learn from how the members predicted their contexts as they read them."""
        read = class_log_probabilities(self._contexts.logits, self._codes)
        read = _reorder(read, orders.argsort(1))  # back to the order of the examples, which all members share
        given = read[:, torch.arange(len(classes)), classes]
        self._weights = member_weights(given)
        counts = torch.bincount(classes, minlength=self._codes.shape[1]).double()
        self._frequencies = (counts + 1) / (counts + 1).sum()
        self._guessing = 0.0
        self._guessing = share_of_guessing(self._combine(read), classes, self._frequencies)

    def _seen(self, views: list[np.ndarray]) -> Tensor:
        """What every member sees, `[M, N, F]`: projected to the size that the learner reads, or filled up with zeros.

        To a learner that knows its inputs by their inner products alone a feature of zeros is none.
        """
        seen = torch.zeros(len(self._view_of), len(views[0]), self._width, dtype=torch.float64)
        for member, view in enumerate(self._view_of):
            features = torch.from_numpy(views[view])
            if self._projections is None:
                seen[member, :, : features.shape[1]] = features
            else:
                seen[member] = features @ self._projections[member]
        return seen


def _projection(context: np.ndarray, width: int, random: np.random.RandomState) -> Tensor:
    """Draw a projection as meta-training draws those of its tasks; inputs come out with a mean square of one."""
    size = float(np.sqrt(np.square(context).mean())) or 1.0
    return torch.from_numpy(random.standard_normal((context.shape[1], width)) / (size * np.sqrt(context.shape[1])))


def _reorder(members: Tensor, orders: Tensor) -> Tensor:
    """Put the examples of every member, `[M, N, ...]`, into its own order."""
    return members[torch.arange(len(orders))[:, None], orders]
