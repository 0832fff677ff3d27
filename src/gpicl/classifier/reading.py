"""Reading of contexts, one per member of an ensemble, within a memory budget."""

import copy
from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from gpicl.learners import Learner
from gpicl.runtime import Chunks

_BYTES = 8  # of a float64 number; float32 uses half of the budget
# Larger chunks are not faster because they no longer fit into a core's cache (measured on an AMD EPYC).
_MOST_AT_ONCE = 2048
# Contexts of at least this size are read in float32, which is nearly twice as fast, and one by one, since in float32
# the batch size changes the last digits. Smaller ones are read together.
_LONG = 200


class ReadContexts:
    """The contexts of all members, which predict queries in one pass.

    WHY float64: how queries are batched then changes predictions only by rounding in the 16th digit. A learner that
    reads a context as a set reads long ones in float32.

    Contexts are read and queries predicted on the learner's device and in its precision. Inputs and outputs are on the
    CPU, in float64. If memory runs out, fewer members are read, or fewer queries predicted, at once.

    Args:
        learner: On any device, in float64 or float32; reads inputs of this size.
        inputs: Every member's features.
        labels: Every member's labels.
        budget: Bytes for reading and predicting, in addition to the memory that is kept. One member's context and one
            query are always processed, even if they need more.

    Attributes:
        logits: Every member's predictions of its own context, [M, N, C].
    """

    def __init__(
        self, learner: Learner, inputs: Float[Tensor, "M N F"], labels: Int64[Tensor, "M N"], budget: int
    ) -> None:
        self._learner, self._budget = learner, budget
        self._members, self._length, self._features = inputs.shape
        # Reading takes as much memory per example as predicting takes per query.
        at_once = max(1, budget // (_BYTES * self._length * learner.query_size(self._length)))
        long = not learner.ordered and self._length >= _LONG
        reader = _in_float32(learner) if long else learner
        inputs = self._to_learner(inputs).float() if long else self._to_learner(inputs)
        labels = labels.to(inputs.device)
        reading = Chunks(1 if long else at_once, "members of the ensemble")
        with torch.inference_mode():
            readings = list(reading.work(self._members, _part_of(reader.encode_context, inputs, labels)))
            self.logits = torch.cat([one.logits for one in readings]).cpu().double()
            self._memories = [one.memory for one in readings]
            # Members of each memory.
            self._sizes = [len(one.logits) for one in readings]
            if long:  # answering is one pass, so all members take part in it together
                self._memories = [_joined(self._memories, _any_of(learner).dtype)]
                self._sizes = [self._members]
        self._most_at_once = _MOST_AT_ONCE

    @property
    def answers_at_once(self) -> int:
        """Most queries in one pass."""
        each = _BYTES * self._members * (self._learner.query_size(self._length) + 2 * self._features)
        return max(1, min(self._budget // each, self._most_at_once // self._members))

    def answer(self, queries: Float[Tensor, "M Q F"]) -> Float[Tensor, "M Q C"]:
        """Let every member predict its view of the same queries.

        Args:
            queries: At most `answers_at_once` queries.
        """
        answering = Chunks(self.answers_at_once, "queries")
        with torch.inference_mode():
            parts = list(answering.work(queries.shape[1], lambda *bounds: self._answer(queries[:, slice(*bounds)])))
        if answering.size < self.answers_at_once:  # do not try the larger size again
            self._most_at_once = answering.size * self._members
        return torch.cat(parts, 1)

    def _answer(self, queries: Tensor) -> Tensor:
        pairs = zip(self._memories, self._to_learner(queries).split(self._sizes), strict=True)
        return torch.cat([self._learner.query(memory, part) for memory, part in pairs]).cpu().double()

    def _to_learner(self, x: Tensor) -> Tensor:
        like = _any_of(self._learner)
        return x.to(like.device, like.dtype)


def _any_of(learner: Learner) -> Tensor:
    """One of a learner's weights, which has the device and precision of the learner."""
    return next((x for x in chain(learner.parameters(), learner.buffers())), torch.empty(0, dtype=torch.float64))


def _part_of(function: Callable[..., Any], *tensors: Tensor) -> Callable[[int, int], Any]:
    """Return a function that applies `function` to a slice of each tensor."""
    return lambda first, last: function(*(x[first:last] for x in tensors))


def _in_float32(learner: Learner) -> Learner:
    """Copy a learner; its weights are small compared with the memory for reading a long context."""
    return copy.deepcopy(learner).float()


def _joined(memories: list[Any], dtype: torch.dtype) -> Any:
    """Concatenate the memories of several members, which are nested tuples and lists of tensors."""
    first = memories[0]
    if isinstance(first, Tensor):
        return torch.cat([memory.to(dtype) for memory in memories])
    parts = [_joined(list(part), dtype) for part in zip(*memories, strict=True)]
    if isinstance(first, list):
        return parts
    return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
