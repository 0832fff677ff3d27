"""Contexts that a learner has read, one per member of an ensemble, within a budget of memory."""

from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gpicl.learners import Learner

_BYTES = 8  # of a number in float64
# More answers at once than this are no faster, as they no longer fit into a core's cache (measured on an AMD EPYC).
_MOST_AT_ONCE = 2048


class ReadContexts:
    """Contexts of the same examples, each as one member sees it; all of them answer in one pass.

    WHY float64: an answer then depends on nothing but rounding at the 16th digit, however queries are batched.

    Args:
        learner: In float64; reads inputs of this size.
        inputs: Every member's features.
        labels: Every member's labels.
        budget: Bytes that reading and answering may take beside the memory that is kept. One member's context and
            one query are read whatever the budget.

    Attributes:
        logits: How every member predicted its context as it read it, [M, N, C].
    """

    def __init__(
        self, learner: Learner, inputs: Float[Tensor, "M N F"], labels: Int64[Tensor, "M N"], budget: int
    ) -> None:
        self._learner, self._inputs, self._labels, self._budget = learner, inputs, labels, budget
        self._read()

    @property
    def answers_at_once(self) -> int:
        """Queries that may be answered in one pass."""
        members, length, features = self._inputs.shape
        each = _BYTES * members * (self._learner.answer_size(length) + 2 * features)
        return max(1, min(self._budget // each, _MOST_AT_ONCE // members))

    def answer(self, queries: Float[Tensor, "M Q F"]) -> Float[Tensor, "M Q C"]:
        """Let every member predict its view of the same queries.

        Args:
            queries: Not more than `answers_at_once`.
        """
        with torch.inference_mode():
            pairs = zip(self._memories, queries.split(self._at_once), strict=True)
            answers = [self._learner.answer(memory, part) for memory, part in pairs]
        return torch.cat(answers)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what can be read again: it is many times as large as the context."""
        return {name: value for name, value in vars(self).items() if name not in ("_memories", "logits")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read the contexts again."""
        vars(self).update(state)
        self._read()

    def _read(self) -> None:
        length = self._inputs.shape[1]
        # Reading takes, for each of its examples, what an answer takes.
        self._at_once = max(1, self._budget // (_BYTES * length * self._learner.answer_size(length)))
        parts = zip(self._inputs.split(self._at_once), self._labels.split(self._at_once), strict=True)
        with torch.inference_mode():
            readings = [self._learner.remember(*part) for part in parts]
        self.logits = torch.cat([reading.logits for reading in readings])
        self._memories = [reading.memory for reading in readings]
