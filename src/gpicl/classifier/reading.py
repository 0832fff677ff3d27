"""Contexts that a learner has read, one per member of an ensemble, within a budget of memory."""

import copy
from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gpicl.learners import Learner
from gpicl.runtime import Chunks

_BYTES = 8  # of a number in float64; in float32 half of the budget is used
# More answers at once than this are no faster, as they no longer fit into a core's cache (measured on an AMD EPYC).
_MOST_AT_ONCE = 2048
# Contexts from this size on are read in float32, which is nearly twice as fast, and one after the other, since there
# the size of a batch changes the last digits. Smaller ones are read together.
_LONG = 200


class ReadContexts:
    """Contexts of the same examples, each as one member sees it; all of them answer in one pass.

    WHY float64: an answer then depends on nothing but rounding at the 16th digit, however queries are batched. A long
    context is read in float32 by a learner that reads it as a set.

    Contexts are read and queries answered on the learner's device and in its precision. What comes in and goes out is
    on the CPU, in float64. Where memory runs out, fewer members are read, or fewer queries answered, at once.

    Args:
        learner: On any device, in float64 or float32; reads inputs of this size.
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
        at_once = max(1, budget // (_BYTES * self._length * learner.query_size(self._length)))
        long = not learner.ordered and self._length >= _LONG
        reader = _in_float32(learner) if long else learner
        inputs = self._taken_in(inputs).float() if long else self._taken_in(inputs)
        labels = labels.to(inputs.device)
        reading = Chunks(1 if long else at_once, "members of the ensemble")
        with torch.inference_mode():
            readings = list(reading.work(self._members, _part_of(reader.encode_context, inputs, labels)))
            self.logits = torch.cat([one.logits for one in readings]).cpu().double()
            memories = [one.memory for one in readings]
            if long:
                groups = range(0, self._members, at_once)
                dtype = _any_of(learner).dtype
                memories = [_joined(memories[first : first + at_once], dtype) for first in groups]
        self._memories = memories
        # Members of each memory.
        self._sizes = (
            [len(group) for group in torch.arange(self._members).split(at_once)]
            if long
            else [len(one.logits) for one in readings]
        )
        self._most_at_once = _MOST_AT_ONCE

    @property
    def answers_at_once(self) -> int:
        """Queries that may be answered in one pass."""
        each = _BYTES * self._members * (self._learner.query_size(self._length) + 2 * self._features)
        return max(1, min(self._budget // each, self._most_at_once // self._members))

    def answer(self, queries: Float[Tensor, "M Q F"]) -> Float[Tensor, "M Q C"]:
        """Let every member predict its view of the same queries.

        Args:
            queries: Not more than `answers_at_once`.
        """
        answering = Chunks(self.answers_at_once, "queries")
        with torch.inference_mode():
            parts = list(answering.work(queries.shape[1], lambda *bounds: self._answer(queries[:, slice(*bounds)])))
        if answering.size < self.answers_at_once:  # do not try again what was too much
            self._most_at_once = answering.size * self._members
        return torch.cat(parts, 1)

    def _answer(self, queries: Tensor) -> Tensor:
        pairs = zip(self._memories, self._taken_in(queries).split(self._sizes), strict=True)
        return torch.cat([self._learner.query(memory, part) for memory, part in pairs]).cpu().double()

    def _taken_in(self, x: Tensor) -> Tensor:
        like = _any_of(self._learner)
        return x.to(like.device, like.dtype)


def _any_of(learner: Learner) -> Tensor:
    """Any of a learner's weights, which says where and in which precision it computes."""
    return next((x for x in chain(learner.parameters(), learner.buffers())), torch.empty(0, dtype=torch.float64))


def _part_of(function: Callable[..., Any], *tensors: Tensor) -> Callable[[int, int], Any]:
    """Make a function of a part of tensors of a function of tensors."""
    return lambda first, last: function(*(x[first:last] for x in tensors))


def _in_float32(learner: Learner) -> Learner:
    """Copy a learner; its weights are a fraction of what reading a long context takes."""
    return copy.deepcopy(learner).float()


def _joined(memories: list[Any], dtype: torch.dtype) -> Any:
    """Join memories of several members, however they are made up of tuples and lists of tensors."""
    first = memories[0]
    if isinstance(first, Tensor):
        return torch.cat([memory.to(dtype) for memory in memories])
    parts = [_joined(list(part), dtype) for part in zip(*memories, strict=True)]
    if isinstance(first, list):
        return parts
    return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
