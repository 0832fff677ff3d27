"""The interface of every learner: a causal function of a sequence of labelled examples."""

import copy
import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from gpicl.errors import LearnerError


class EncodedContext(NamedTuple):
    """A context that a learner has read.

    Attributes:
        logits: Predictions for every example of the context without its label, [B, T, C]. If the learner is `ordered`,
            they are those of `forward`, which uses only the examples before it.
        memory: What `query` of the same learner needs; made of tensors.
    """

    logits: Tensor
    memory: Any


class Learner(nn.Module, ABC):
    """`f(x_1, y_1, ..., x_{t-1}, y_{t-1}, x_t) -> logits over y_t`, for every position t of an episode at once.

    A learner does not depend on data, tasks or meta-training. Subclass it, write `forward` and `state_size`, and every
    command of this package accepts it by its import path (`my_package.MyLearner`). The constructor must take
    `num_features` and `num_classes` first; its other arguments are options that a configuration can set.

    Args:
        num_features: Features F of an input.
        num_classes: Classes C of a task.

    Attributes:
        max_length: Longest episode the learner can read, or None for no limit.
        any_size: Whether the same weights read any number of features and classes; see `with_size`.
        rotation_invariant: Whether inputs are used only through their inner products, so that rotating them, or adding
            features that are always zero, changes nothing.
        ordered: Whether one pass predicts all positions of an episode, reading each example once and in order. A
            learner that reads the context again for every position needs one pass per position.
        training_passes: Calls of `training_logits` that together sample every position about equally often.
        options: Arguments of the constructor, so that saved weights can be loaded into the same learner.
    """

    max_length: int | None = None
    any_size: bool = False
    rotation_invariant: bool = False
    ordered: bool = True
    training_passes: int = 1
    options: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> "Learner":
        """Record the constructor's arguments, so that no learner has to store them itself."""
        learner = super().__new__(cls)
        if args or kwargs:  # none when unpickled or copied: the options then arrive with the state
            try:
                bound = inspect.signature(cls).bind(*args, **kwargs)
            except TypeError:
                return learner  # the constructor raises the same error, with its own traceback
            bound.apply_defaults()
            options = dict(bound.arguments)
            for name, parameter in bound.signature.parameters.items():
                if parameter.kind is inspect.Parameter.VAR_KEYWORD:  # `**others`: each is an option of its own
                    options |= options.pop(name)
            object.__setattr__(learner, "options", options)
        return learner

    def __init__(self, num_features: int, num_classes: int) -> None:
        super().__init__()
        _check_size(num_features, num_classes)
        self.num_features = num_features
        self.num_classes = num_classes

    @abstractmethod
    def forward(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Predict every label of every episode from the examples before it.

        Args:
            inputs: The examples' features.
            labels: The examples' labels, 0..C-1.

        Returns:
            Logits. Those at position t depend only on `inputs[:, :t+1]` and `labels[:, :t]`.
        """

    def predict(
        self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"], positions: Sequence[int]
    ) -> Float[Tensor, "B P C"]:
        """Predict the labels at some positions only, which is cheaper if each position takes its own pass.

        Args:
            inputs: The examples' features.
            labels: The examples' labels, 0..C-1.
            positions: Positions to predict, counted from 1.

        Returns:
            The logits of `forward` at these positions.
        """
        return self(inputs, labels)[:, [position - 1 for position in positions]]

    def training_logits(
        self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"], step: int
    ) -> tuple[Float[Tensor, "B Q C"], Int64[Tensor, "B Q"]]:
        """Predict the positions that enter the meta-training loss: all of them, or a sample that varies with the step.

        Args:
            inputs: The examples' features.
            labels: The examples' labels, 0..C-1.
            step: Number of the step. The sample depends only on it, so that a resumed run is the same run.

        Returns:
            Logits, and the labels that they should predict.
        """
        return self(inputs, labels), labels

    def training_context(self, length: int, step: int) -> int:
        """Return how many examples `training_logits` reads at a step; steps with the same number have the same shapes.

        Args:
            length: Examples T of the episodes.
            step: Number of the step.
        """
        return length

    @abstractmethod
    def state_size(self, length: int = 100) -> int:
        """Count the numbers that carry the past from one example to the next (paper, section 4: state, not parameters).

        Args:
            length: Episode length T; only attention's state grows with it.
        """

    def encode_context(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> EncodedContext:
        """Read a context once, so that any number of queries can be answered from it; see `query`.

        By default, the memory is the context itself. A learner that can keep its state overrides this and `query`.

        Args:
            inputs: The context's features.
            labels: Its labels, 0..C-1.
        """
        return EncodedContext(self(inputs, labels), (inputs, labels))

    def encode_memory(self, inputs: Float[Tensor, "B T F"], labels: Int64[Tensor, "B T"]) -> Any:
        """Return what `query` needs of a context, without predicting its examples.

        Args:
            inputs: The context's features.
            labels: Its labels, 0..C-1.
        """
        return self.encode_context(inputs, labels).memory

    def query(self, memory: Any, queries: Float[Tensor, "B Q F"]) -> Float[Tensor, "B Q C"]:
        """Predict queries that do not see each other: each is position T+1 of its own episode.

        By default, that episode is run for every query.

        Args:
            memory: The memory that `encode_context` returned.
            queries: Their features; row b belongs to context b.

        Returns:
            The logits that `forward` gives at the last position of the context with the query appended.
        """
        inputs, labels = memory
        batch, count, _ = queries.shape
        contexts = inputs[:, None].expand(-1, count, -1, -1)
        episodes = torch.cat([contexts, queries[:, :, None]], 2).flatten(0, 1)
        # A query has no label. No logit depends on what is put in its place.
        asked = F.pad(labels, (0, 1))[:, None].expand(-1, count, -1).flatten(0, 1)
        return self(episodes, asked)[:, -1].unflatten(0, (batch, count))

    def query_size(self, length: int) -> int:
        """Estimate an upper bound of the numbers that `query` holds at once per query; used for chunking.

        By default, the activations of a whole episode: a few times its state, and about a thousand per example.

        Args:
            length: Examples T of the context.
        """
        return 4 * self.state_size(length + 1) + (length + 1) * (self.num_features + self.num_classes + 1024)

    def with_size(self, num_features: int, num_classes: int) -> "Learner":
        """Return this learner for episodes of another size; it shares the weights.

        Args:
            num_features: Features F of the other inputs.
            num_classes: Classes C of the other tasks.

        Raises:
            LearnerError: If the weights fit only one size, or the size is invalid.
        """
        _check_size(num_features, num_classes)
        if not self.any_size and (num_features, num_classes) != (self.num_features, self.num_classes):
            raise LearnerError(
                f"{type(self).__name__} was built for {self.num_features} features and {self.num_classes} classes, and "
                f"its weights cannot read episodes of {num_features} features and {num_classes} classes. "
                f"{learners_of_any_size()} read any size."
            )
        sized = copy.copy(self)
        sized.num_features, sized.num_classes = num_features, num_classes
        sized.options = {**self.options, "num_features": num_features, "num_classes": num_classes}
        return sized

    @property
    def num_parameters(self) -> int:
        """Number of meta-trained parameters."""
        return sum(p.numel() for p in self.parameters())

    def check_episodes(self, inputs: Tensor, labels: Tensor) -> None:
        """Raise `LearnerError` if this learner cannot read episodes of this shape.

        `gpicl.metatesting.evaluate` calls it for every batch, so that `forward` need not check.
        """
        if inputs.ndim != 3 or labels.shape != inputs.shape[:2]:
            raise LearnerError(
                f"Episodes must be inputs [B, T, F] with labels [B, T], not {tuple(inputs.shape)} with "
                f"{tuple(labels.shape)}."
            )
        if inputs.shape[2] != self.num_features:
            raise LearnerError(
                f"{type(self).__name__} reads {self.num_features} features, the episodes have {inputs.shape[2]}. "
                f"Resize or project the data to {self.num_features} features, or build the learner for them."
            )
        if self.max_length is not None and inputs.shape[1] > self.max_length:
            raise LearnerError(
                f"Episodes of {inputs.shape[1]} examples are longer than the {self.max_length} positions of this "
                f"{type(self).__name__}. Shorten the episodes or build it with max_length={inputs.shape[1]}."
            )


def learners_of_any_size() -> str:
    """List this package's learners of any number of features and classes, as in "KernelTransformer and VSML"."""
    classes = Learner.__subclasses__()
    for cls in classes:  # the list grows during the loop
        classes += cls.__subclasses__()
    *first, last = sorted({cls.__name__ for cls in classes if cls.any_size and cls.__module__.startswith("gpicl.")})
    return f"{', '.join(first)} and {last}"


def _check_size(num_features: int, num_classes: int) -> None:
    if num_features < 1:
        raise LearnerError(f"num_features must be at least 1, not {num_features}.")
    if num_classes < 2:
        raise LearnerError(f"num_classes must be at least 2, not {num_classes}: one class leaves nothing to learn.")
