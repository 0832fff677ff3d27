"""Contexts that a learner has read, one per member of an ensemble, within a budget of memory."""

import copy
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gpicl.learners import Learner

_BYTES = 8  # of a number in float64
# More answers at once than this are no faster, as they no longer fit into a core's cache (measured on an AMD EPYC).
_MOST_AT_ONCE = 2048
# Contexts from this size on are read in float32, which is nearly twice as fast, and one after the other, since there
# the size of a batch changes the last digits. Smaller ones are read together.
_LONG = 200


class ReadContexts:
    """Contexts of the same examples, each as one member sees it; all of them answer in one pass.

    WHY float64: an answer then depends on nothing but rounding at the 16th digit, however queries are batched. A long
    context is read in float32 by a learner that reads it as a set.

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
        self._learner, self._budget = learner, budget
        self._members, self._length, self._features = inputs.shape
        # Reading takes, for each of its examples, what an answer takes.
        self._members_at_once = max(1, budget // (_BYTES * self._length * learner.query_size(self._length)))
        reader, read_at_once = learner, self._members_at_once
        if long := not learner.ordered and self._length >= _LONG:
            reader, inputs, read_at_once = _in_float32(learner), inputs.float(), 1
        parts = zip(inputs.split(read_at_once), labels.split(read_at_once), strict=True)
        with torch.inference_mode():
            readings = [reader.encode_context(*part) for part in parts]
            self.logits = torch.cat([reading.logits for reading in readings]).double()
            memories = [reading.memory for reading in readings]
            if long:
                groups = range(0, self._members, self._members_at_once)
                memories = [_joined(memories[first : first + self._members_at_once]) for first in groups]
        self._memories = memories

    @property
    def answers_at_once(self) -> int:
        """Queries that may be answered in one pass."""
        each = _BYTES * self._members * (self._learner.query_size(self._length) + 2 * self._features)
        return max(1, min(self._budget // each, _MOST_AT_ONCE // self._members))

    def answer(self, queries: Float[Tensor, "M Q F"]) -> Float[Tensor, "M Q C"]:
        """Let every member predict its view of the same queries.

        Args:
            queries: Not more than `answers_at_once`.
        """
        with torch.inference_mode():
            pairs = zip(self._memories, queries.split(self._members_at_once), strict=True)
            answers = [self._learner.query(memory, part) for memory, part in pairs]
        return torch.cat(answers)


def _in_float32(learner: Learner) -> Learner:
    """Copy a learner; its weights are a fraction of what reading a long context takes."""
    return copy.deepcopy(learner).float()


def _joined(memories: list[Any]) -> Any:
    """Memories of several members as one in float64, however they are made up of tuples and lists of tensors."""
    first = memories[0]
    if isinstance(first, Tensor):
        return torch.cat([memory.double() for memory in memories])
    parts = [_joined(list(part)) for part in zip(*memories, strict=True)]
    if isinstance(first, list):
        return parts
    return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
