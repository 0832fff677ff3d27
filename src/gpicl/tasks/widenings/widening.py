"""The one protocol of everything that widens the tasks of meta-training."""

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
    """What tasks are made of.

    Attributes:
        dataset: The examples; None where tasks are made of nothing.
        num_inputs: Features N of an example before the projection.
        num_classes: Labels C of a task.
        length: Examples T of an episode.
    """

    dataset: FeatureDataset | None
    num_inputs: int
    num_classes: int
    length: int

    @property
    def data(self) -> FeatureDataset:
        """The examples, for a widening that needs some."""
        return _there(self.dataset)


@dataclass(frozen=True)
class Batch:
    """B episodes before their projection.

    Attributes:
        inputs: Normalised inputs.
        labels: Labels.
        used: Labels that each task has.
        numbers: The episodes' random numbers.
        indices: Which examples the inputs are.
        examples: All examples that there are; None where tasks are made of nothing.
    """

    inputs: Float32[Tensor, "B T N"]
    labels: Int64[Tensor, "B T"]
    used: Bool[Tensor, "B C"]
    numbers: Numbers
    indices: Int64[Tensor, "B T"]
    examples: Examples | None

    @property
    def data(self) -> Examples:
        """All examples, for a widening that needs some."""
        return _there(self.examples)

    def rows(self, rows: Int64[Tensor, " n"], with_inputs: bool = True) -> "Batch":
        """Select some of the episodes.

        Args:
            rows: Which.
            with_inputs: Copy their inputs too; else there are none.
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

    Derive from it and override `widen`; name your own by its import path in `tasks.widen`. All that is random must
    come from `batch.numbers`, with purposes of its own, and every row must depend on itself alone: an episode is then
    the same in every batch and on every device. What belongs to the task (a layer, a spectrum) is drawn per task, what
    belongs to the examples (noise, which images) per episode. Shapes stay as they are.

    Args:
        probability: Probability that a task has it.
        setting: What tasks are made of.

    Attributes:
        name: Its name in `tasks.widen`; also the prefix of its purposes.
        changes_answers: Whether labels are no longer what a learner should predict. A meta-test leaves it out.
        needs_data: Whether it changes examples of a data set.
        changes_inputs: Whether it changes inputs, rather than labels alone.
        reads_inputs: Whether `widen` looks at the batch's inputs. One that replaces them, or changes labels alone, need
            not be given a copy.
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
        """Tell which tasks have it."""
        return numbers.coins(self.name, self.probability)

    def widen(self, batch: Batch) -> Batch:
        """Change episodes, all of tasks that have it.

        Args:
            batch: The episodes.

        Returns:
            The same with other inputs or labels.
        """
        return batch


def _there(data: _Data | None) -> _Data:
    if data is None:
        raise TaskError("A widening of this kind changes the examples of a data set, and there is none.")
    return data


def apply(widening: Widening, batch: Batch, among: Bool[Tensor, " B"]) -> Batch:
    """Widen those tasks of a batch that are to be widened; what the batch held is overwritten.

    Args:
        widening: The widening.
        batch: The episodes.
        among: Tasks that may be widened at all.
    """
    changed: list[str] = []

    def widened(rows: Rows) -> tuple[Tensor, ...]:
        before = batch if rows is None else batch.rows(rows, widening.reads_inputs)
        after = widening.widen(before)
        changed.extend(name for name in ("inputs", "labels") if getattr(after, name) is not getattr(before, name))
        return tuple(getattr(after, name) for name in changed)

    chosen = widening.chosen(batch.numbers) & among
    if not _chosen_rows_alone(chosen.device):
        tensors = widened(None)
        olds = [getattr(batch, name) for name in changed]
        new = [torch.where(_like(chosen, old), tensor, old) for old, tensor in zip(olds, tensors, strict=True)]
        widened_tensors: dict[str, Any] = dict(zip(changed, new, strict=True))
        return replace(batch, **widened_tensors)
    rows = chosen.nonzero()[:, 0]
    if len(rows):
        for tensor, name in zip(widened(rows), changed, strict=True):
            getattr(batch, name).index_copy_(0, rows, tensor)
    return batch


Rows = Int64[Tensor, " n"] | None
"""Some rows of a batch; None for all."""


def where_chosen(
    chosen: Bool[Tensor, " B"], compute: Callable[[Rows], tuple[Tensor, ...]], otherwise: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """Compute some rows, and take the others as they are.

    On a CPU only the chosen rows are computed. Elsewhere all of them are, since counting them would make the host wait.

    Args:
        chosen: Which rows.
        compute: Gives the tensors of some rows.
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
    """Add features that are zero, and keep the variance that a projection of the inputs has.

    Args:
        inputs: Inputs of at most as many features.
        width: Features of the result.
    """
    narrow = inputs.shape[2]
    if narrow == width:
        return inputs
    return torch.nn.functional.pad(inputs * (width / narrow) ** 0.5, (0, width - narrow))
