"""Base class of all widenings, and how a widening is applied to a batch."""

from abc import ABC
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from gpicl.data import FeatureDataset
from gpicl.errors import TaskError
from gpicl.tasks.examples import Examples
from gpicl.tasks.randomness import Numbers

_Data = TypeVar("_Data")


@dataclass(frozen=True)
class Setting:
    """Data and sizes of the tasks.

    Attributes:
        dataset: The examples; None if all tasks are invented.
        num_inputs: Number N of features of an example before the projection.
        num_classes: Number C of labels of a task.
    """

    dataset: FeatureDataset | None
    num_inputs: int
    num_classes: int

    @property
    def data(self) -> FeatureDataset:
        """The examples, for a widening that needs them."""
        return _required(self.dataset)


@dataclass(frozen=True)
class Batch:
    """B episodes before their projection.

    Attributes:
        inputs: Normalised inputs.
        labels: Labels 0..C-1.
        used: Which of the C labels each task has.
        numbers: Random numbers of the episodes.
        indices: Indices of the inputs among all examples.
        examples: All examples; None if all tasks are invented.
    """

    inputs: Float32[Tensor, "B T N"]
    labels: Int64[Tensor, "B T"]
    used: Bool[Tensor, "B C"]
    numbers: Numbers
    indices: Int64[Tensor, "B T"]
    examples: Examples | None

    @property
    def data(self) -> Examples:
        """All examples, for a widening that needs them."""
        return _required(self.examples)

    def rows(self, rows: Int64[Tensor, " n"], with_inputs: bool = True) -> "Batch":
        """Select some of the episodes.

        Args:
            rows: Indices of the episodes.
            with_inputs: Copy the inputs too; otherwise they are uninitialised.
        """
        return replace(
            self,
            inputs=self.inputs[rows]
            if with_inputs
            else self.inputs.new_empty(()).expand(len(rows), *self.inputs.shape[1:]),
            labels=self.labels[rows],
            used=self.used[rows],
            numbers=self.numbers[rows],
            indices=self.indices[rows],
        )


class Widening(ABC):
    """Changes some tasks, so that meta-training sees more kinds of tasks than one data set has.

    To add your own, derive from this class, override `widen`, and give its import path in `tasks.widen`. All random
    numbers must come from `batch.numbers`, with purposes of their own, and every row must depend only on itself: an
    episode is then the same in every batch and on every device. Draw what belongs to the task (a layer, a spectrum) per
    task, and what belongs to the examples (noise, the choice of images) per episode. Keep the shapes.

    Args:
        probability: Probability that a task is widened.
        setting: Data and sizes of the tasks.

    Attributes:
        name: Its name in `tasks.widen`; also the prefix of its purposes.
        changes_answers: Whether labels may differ from what a learner should predict. A meta-test leaves it out.
        needs_data: Whether it needs the examples of a data set.
        changes_inputs: Whether it changes inputs rather than only labels.
        reads_inputs: Whether `widen` reads the batch's inputs. If False, no copy of them is made.
    """

    name: ClassVar[str]
    changes_answers: ClassVar[bool] = False
    needs_data: ClassVar[bool] = True
    changes_inputs: ClassVar[bool] = True
    reads_inputs: ClassVar[bool] = True

    def __init__(self, probability: float, setting: Setting) -> None:
        self.probability = probability
        self.setting = setting

    def chosen(self, numbers: Numbers) -> Bool[Tensor, " B"]:
        """Return which tasks are widened."""
        return numbers.coins(self.name, self.probability)

    def widen(self, batch: Batch) -> Batch:
        """Change a batch of episodes, whose tasks are all widened.

        Args:
            batch: Episodes to change.

        Returns:
            The batch with other inputs or labels.
        """
        return batch


def _required(data: _Data | None) -> _Data:
    if data is None:
        raise TaskError("This widening changes the examples of a data set, but there is no data set.")
    return data


def apply(widening: Widening, batch: Batch, among: Bool[Tensor, " B"]) -> Batch:
    """Apply a widening to the tasks of a batch that it chooses.

    Args:
        widening: Draws which tasks it chooses; see `Widening.chosen`.
        batch: Episodes; may be overwritten.
        among: Tasks that may be widened.
    """
    chosen = widening.chosen(batch.numbers) & among
    if not _chosen_rows_alone(chosen.device):
        new: dict[str, Any] = {
            name: torch.where(_like(chosen, tensor), tensor, getattr(batch, name))
            for name, tensor in _changed(widening, batch).items()
        }
        return replace(batch, **new)
    rows = chosen.nonzero()[:, 0]
    if len(rows):
        for name, tensor in _changed(widening, batch.rows(rows, widening.reads_inputs)).items():
            getattr(batch, name).index_copy_(0, rows, tensor)
    return batch


def _changed(widening: Widening, before: Batch) -> dict[str, Tensor]:
    """Inputs and labels after a widening, without those that it leaves as they are."""
    after = widening.widen(before)
    names = [name for name in ("inputs", "labels") if getattr(after, name) is not getattr(before, name)]
    return {name: getattr(after, name) for name in names}


Rows = Int64[Tensor, " n"] | None
"""Indices of some rows of a batch; None for all."""


def where_chosen(
    chosen: Bool[Tensor, " B"], compute: Callable[[Rows], tuple[Tensor, ...]], otherwise: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Compute the chosen rows, and leave the others unchanged.

    On a CPU only the chosen rows are computed. On other devices all rows are, since counting the chosen ones would make
    the host wait.

    Args:
        chosen: Rows to compute.
        compute: Returns the tensors of the given rows.
        otherwise: The tensors of all rows; may be overwritten.
    """
    if not _chosen_rows_alone(chosen.device):
        return tuple(
            torch.where(_like(chosen, old), new, old) for new, old in zip(compute(None), otherwise, strict=True)
        )
    rows = chosen.nonzero()[:, 0]
    if len(rows):
        for old, new in zip(otherwise, compute(rows), strict=True):
            old.index_copy_(0, rows, new)
    return otherwise


def _chosen_rows_alone(device: torch.device) -> bool:
    return device.type == "cpu"


def _like(chosen: Bool[Tensor, " B"], tensor: Tensor) -> Tensor:
    return chosen.view(-1, *[1] * (tensor.ndim - 1))


def pad(inputs: Float32[Tensor, "B T n"], width: int) -> Float32[Tensor, "B T {width}"]:
    """Pad with zero features, scaled so that a projection of the inputs keeps its variance.

    Args:
        inputs: Inputs with at most `width` features.
        width: Number of features of the result.
    """
    narrow = inputs.shape[2]
    if narrow == width:
        return inputs
    return torch.nn.functional.pad(inputs * (width / narrow) ** 0.5, (0, width - narrow))
