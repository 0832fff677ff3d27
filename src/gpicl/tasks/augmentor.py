"""The task distribution: one data set seen through random projections and label permutations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from gpicl.data import FeatureDataset
from gpicl.errors import TaskError, UnknownNameError
from gpicl.tasks.episodes import Episodes
from gpicl.tasks.examples import Examples
from gpicl.tasks.interventions import NO_INTERVENTION, Interventions
from gpicl.tasks.labels import classes_behind
from gpicl.tasks.projection import normalise, project_afresh, project_by_id
from gpicl.tasks.randomness import Numbers, Stream, as_ids
from gpicl.tasks.widenings import Batch, Setting, Widening, apply, build_widenings
from gpicl.tasks.widenings.merging import Merging

TaskKind = Literal["seen", "unseen", "identity"]
"""Kinds of tasks; see `TaskAugmentor.episodes`."""

EPISODES_VERSION = 1
"""Raised when the same seed, task id and draw give another episode than before."""

# Limit for the matrices and inputs of one chunk, independent of the number of episodes made at once.
_CHUNK_BYTES = {"cpu": 64 * 2**20, "cuda": 4 * 2**30}

# Width of the inputs of invented tasks without a data set.
_INPUTS_OF_NOTHING = 128
_LARGEST = 2**63


class TaskAugmentor:
    """Makes an unlimited number of classification tasks from one data set, or invents them (paper, section 3).

    A task is `x -> A x` with `A_ij ~ Normal(0, 1 / N)` and `y -> rho(y)` with a uniform permutation `rho`. Episodes
    are a pure function of (seed, task, draw): they are the same in any batch, in any order, on any worker and on any
    device, and nothing is stored per task. A whole batch is made at once, on the device that needs it.

    Args:
        dataset: The examples. With None all tasks are invented; this requires `num_features` and `num_classes`.
        num_tasks: Number K of seen tasks, ids 0..K-1. With None it is unlimited: every episode is a new task.
        length: Examples T per episode.
        num_features: Features F of the projected inputs. Default: as many as the data set has.
        num_classes: Labels C of a task. Default: as many as the data set has classes.
        widen: Probability that a seen task is widened, by the name of the widening (`gpicl.tasks.widenings`). Unseen
            tasks are never widened, so that accuracies stay comparable; without a data set they are inventions too.
        seed: Seed of the whole distribution, 0..2^64-1.
        device: Device on which episodes are made.

    Raises:
        TaskError: If an argument is out of range, or arguments contradict each other.
    """

    def __init__(
        self,
        dataset: FeatureDataset | None,
        *,
        num_tasks: int | None = None,
        length: int = 100,
        num_features: int | None = None,
        num_classes: int | None = None,
        widen: Mapping[str, Any] | None = None,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        if num_tasks is not None and not 1 <= num_tasks <= _LARGEST:
            raise TaskError(
                f"num_tasks must be from 1 to 2^63, not {num_tasks}. Give null (None) for unlimited new tasks."
            )
        if length < 2:
            raise TaskError(
                f"An episode needs at least 2 examples to learn anything in context, not length={length}. "
                "The paper's length is 100."
            )
        if num_features is not None and num_features < 1:
            raise TaskError(f"num_features must be at least 1, not {num_features}; None keeps the data set's own.")
        if num_classes is not None and num_classes < 2:
            raise TaskError(f"num_classes must be at least 2, not {num_classes}; None keeps the data set's own.")
        if dataset is None and (num_features is None or num_classes is None):
            raise TaskError(
                "Without a data set the number of features and classes is unknown: give tasks.num_features and "
                "tasks.num_classes."
            )
        if not 0 <= seed < 2**64:
            raise TaskError(f"seed must be from 0 to 2^64 - 1, not {seed}.")
        self.dataset = dataset
        self.num_tasks = num_tasks
        self.length = length
        self.num_inputs = _INPUTS_OF_NOTHING if dataset is None else dataset.features.shape[1]
        self.num_features = num_features or self.num_inputs
        self.num_classes = num_classes or (len(dataset.classes) if dataset is not None else 0)
        self.widen = dict(widen or {})
        self.seed = seed
        self._setting = setting = Setting(dataset, self.num_inputs, self.num_classes)
        built = build_widenings(self.widen, setting)
        self._merging = next((w for w in built if isinstance(w, Merging)), None)
        self._widenings: list[Widening] = [w for w in built if not isinstance(w, Merging)]
        # Without a data set all tasks are inventions, unseen tasks too.
        self._inventing = [w for w in self._widenings if dataset is None and w.name == "invention"]
        if dataset is None and not any(w.probability == 1 for w in self._inventing):
            raise TaskError("Without a data set all tasks are invented: set `invention` to 1 in tasks.widen.")
        self.device = torch.device(device)
        self._uploaded: Examples | None = None

    def on(self, dataset: FeatureDataset, *, length: int | None = None, answerable: bool = True) -> "TaskAugmentor":
        """Return an augmentor that makes the same tasks, including widenings, from other examples.

        Args:
            dataset: The other examples, such as held-out ones, with the same number of features.
            length: Examples per episode; None keeps the length of this augmentor.
            answerable: Leave out widenings that make labels differ from the right answers (label noise), as a
                meta-test must.

        Raises:
            TaskError: If the number of features differs.
        """
        if dataset.features.shape[1] != self.num_inputs:
            raise TaskError(
                f"These tasks need examples with {self.num_inputs} features, but those of data set {dataset.name!r} "
                f"have {dataset.features.shape[1]}. Resize them."
            )
        other = object.__new__(TaskAugmentor)
        other.__dict__.update(self.__dict__)
        other.dataset = dataset
        other.length = length or self.length
        other._uploaded = None
        if answerable:
            other._widenings = [w for w in self._widenings if not w.changes_answers]
        other._setting = Setting(dataset, self.num_inputs, self.num_classes)
        if self._merging is not None:
            other._merging = Merging(self._merging.probability, other._setting)
        return other

    def episodes(
        self,
        draws: Sequence[int] | Int64[Tensor, " B"],
        tasks: TaskKind = "seen",
        interventions: Interventions = NO_INTERVENTION,
    ) -> Episodes:
        """Make one episode per draw.

        Args:
            draws: Numbers from 0 to 2^63-1, each a different episode. A tensor must already be on the device.
            tasks: `seen`: draw n determines the task id at random (a new task if the number of tasks is unlimited).
                `unseen`: a new task from a stream that is never used for `seen`. `identity`: the raw data set.
            interventions: Interventions on seen tasks.

        Raises:
            TaskError: If a draw is out of range or there is none, an intervention is invalid, or the raw data set has
                more than F features.
            UnknownNameError: If there is no such kind of tasks.
        """
        if tasks not in get_args(TaskKind):
            raise UnknownNameError("kind of tasks", tasks, get_args(TaskKind))
        numbers = self._numbers(Stream.UNSEEN if tasks in ("unseen", "identity") else Stream.FRESH, draws)
        if tasks == "identity":
            if self.dataset is None:
                raise TaskError("The identity task needs a data set: invented tasks have no raw images.")
            return self._make(numbers, Interventions(permutation_probability=0.0), identity=True)
        if tasks == "seen" and self.num_tasks is not None:
            ids = numbers.integers(self.num_tasks, "task of a draw", 1)[:, 0]
            numbers = replace(numbers, stream=Stream.NAMED, tasks=ids)
        return self._make(numbers, interventions if tasks == "seen" else NO_INTERVENTION)

    def episodes_of(
        self,
        task_ids: Sequence[int],
        draws: Sequence[int],
        interventions: Interventions = NO_INTERVENTION,
    ) -> Episodes:
        """Make one episode of each of the given tasks.

        Args:
            task_ids: Task ids, 0..2^63-1. Ids from `num_tasks` on are unseen tasks.
            draws: One draw per task id. Different draws of a task show different examples.
            interventions: Interventions on the seen ones among these tasks.
        """
        if len(task_ids) != len(draws):
            raise TaskError(f"Give one draw per task id, not {len(draws)} draws for {len(task_ids)} ids.")
        _check_range("Task ids", task_ids)
        numbers = self._numbers(Stream.NAMED, draws)
        return self._make(replace(numbers, tasks=as_ids(task_ids, self.device)), interventions)

    def _numbers(self, stream: Stream, draws: Sequence[int] | Tensor) -> Numbers:
        if isinstance(draws, Tensor):
            return Numbers(self.seed, stream, draws, draws)
        _check_range("Draws", draws)
        ids = as_ids(draws, self.device)
        return Numbers(self.seed, stream, ids, ids)

    def _make(self, numbers: Numbers, interventions: Interventions, identity: bool = False) -> Episodes:
        interventions.check()
        if not len(numbers):
            raise TaskError("There are no draws: give at least one, such as range(32) for 32 episodes.")
        # A caller's autocast would round the covariance to bfloat16 and so change the tasks.
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            chunks = [self._chunk(numbers[part], interventions, identity) for part in self._parts(numbers)]
        if len(chunks) == 1:
            return chunks[0]
        return Episodes(*(torch.cat(parts) for parts in zip(*chunks, strict=True)))

    def _chunk(self, numbers: Numbers, interventions: Interventions, identity: bool) -> Episodes:
        seen = self._seen(numbers)
        if self.dataset is None:
            return self._of_nothing(numbers, seen, interventions)
        examples = self._examples()
        permute = _where(seen, interventions.permutation_probability, 0.0 if identity else 1.0)
        behind = self._classes(numbers, seen, permute, self._labels_in_use(interventions))
        indices, labels = self._choose(examples, numbers, behind, seen, interventions)
        widenings = [] if numbers.stream is Stream.UNSEEN else self._widenings
        changed = any(w.changes_inputs for w in widenings)
        inputs = (
            examples.normalised(numbers, indices) if changed else self._projected(examples, numbers, indices, identity)
        )
        batch = Batch(inputs, labels, (behind >= 0).any(1), numbers, indices, examples)
        for widening in widenings:
            batch = apply(widening, batch, seen)
        return Episodes(self._project(batch.inputs, 0.0, 1.0, numbers) if changed else batch.inputs, batch.labels)

    def _of_nothing(self, numbers: Numbers, seen: Tensor, interventions: Interventions) -> Episodes:
        count = self._labels_in_use(interventions)
        used = torch.arange(self.num_classes, device=self.device) < count
        labels = numbers.integers(count, "labels", self.length, "episode")
        inputs = torch.zeros(len(numbers), self.length, self.num_inputs, device=self.device)
        batch = Batch(inputs, labels, used.expand(len(numbers), -1), numbers, torch.zeros_like(labels), None)
        for widening in self._inventing:
            batch = widening.widen(batch)
        for widening in self._widenings:
            if widening not in self._inventing and numbers.stream is not Stream.UNSEEN:
                batch = apply(widening, batch, seen)
        return Episodes(self._project(batch.inputs, 0.0, 1.0, numbers), batch.labels)

    def _seen(self, numbers: Numbers) -> Bool[Tensor, " B"]:
        """Return which tasks are seen; widenings and interventions apply only to these."""
        if numbers.stream is Stream.NAMED and self.num_tasks is not None:
            return numbers.tasks <= self.num_tasks - 1
        return torch.full_like(numbers.tasks, numbers.stream is Stream.FRESH, dtype=torch.bool)

    def _labels_in_use(self, interventions: Interventions) -> int:
        return min(interventions.num_classes or self.num_classes, self.num_classes)

    def _classes(
        self, numbers: Numbers, seen: Bool[Tensor, " B"], permute: Tensor, labels: int
    ) -> Int64[Tensor, "B M C"]:
        count = len(self._setting.data.classes)
        # With fewer labels every label in use has a class, even if there are more labels than classes.
        behind = classes_behind(numbers, count, labels, permute)
        layers = behind[:, None]
        if self._merging is not None and numbers.stream is not Stream.UNSEEN:
            layers = self._merging.classes(behind, numbers, seen, permute)
        return torch.nn.functional.pad(layers, (0, self.num_classes - labels), value=-1)

    def _choose(
        self,
        pool: Examples,
        numbers: Numbers,
        behind: Int64[Tensor, "B M C"],
        seen: Bool[Tensor, " B"],
        interventions: Interventions,
    ) -> tuple[Int64[Tensor, "B T"], Int64[Tensor, "B T"]]:
        if not interventions.may_repeat:
            return pool.choose(numbers, behind, self.length, self._labels_in_use(interventions))
        few = interventions.repeated_images
        count = self.length if isinstance(few, Tensor) else max(self.length, few)
        indices, labels = pool.choose(numbers, behind, count, self._labels_in_use(interventions))
        repeats = numbers.coins("repeats", interventions.repetition_probability, "episode") & seen
        places = numbers.integers(few, "repeated images", self.length, "episode")
        once = torch.arange(self.length, device=self.device)
        places = torch.where(repeats[:, None], places, once)
        return indices.gather(1, places), labels.gather(1, places)

    def _projected(
        self, examples: Examples, numbers: Numbers, indices: Int64[Tensor, "B T"], identity: bool
    ) -> Float32[Tensor, "B T F"]:
        dataset = examples.dataset
        if not identity:
            return self._project(examples.stored(numbers, indices), dataset.mean, dataset.std, numbers)
        missing = self.num_features - examples.num_features
        if missing < 0:
            raise TaskError(
                f"The raw data set has {examples.num_features} features, more than the {self.num_features} of these "
                "tasks. Resize the images, or use projected tasks."
            )
        return torch.nn.functional.pad(examples.normalised(numbers, indices), (0, missing))

    def _project(self, stored: Tensor, mean: float, std: float, numbers: Numbers) -> Float32[Tensor, "B T F"]:
        if numbers.stream is not Stream.NAMED:
            return project_afresh(stored, mean, std, numbers, self.num_features)
        return project_by_id(normalise(stored, mean, std), numbers, self.num_features)

    def _examples(self) -> Examples:
        """Return the examples on the current device, uploaded on first use."""
        if self._uploaded is None or self._uploaded.device != self.device:
            dataset = self._setting.data
            pool = dataset if self._merging is None else self._merging.pool(dataset)
            self._uploaded = Examples(pool, self.device)
        return self._uploaded

    def _parts(self, numbers: Numbers) -> Iterator[slice]:
        """Split into chunks whose matrices fit the memory budget; episodes do not depend on the chunks."""
        budget = _CHUNK_BYTES.get(self.device.type, _CHUNK_BYTES["cuda"])
        normals = self.num_inputs if numbers.stream is Stream.NAMED else self.length
        wide = self.length * self.num_inputs * (24 if self._widenings else 4)
        each = 4 * (normals * self.num_features + self.length * self.num_features) + wide + 24 * self.length**2
        size = max(1, budget // each)
        for first in range(0, len(numbers), size):
            yield slice(first, first + size)


def _where(seen: Bool[Tensor, " B"], yes: float | Tensor, no: float) -> Float32[Tensor, " B"]:
    return torch.where(seen, yes, no).float()


def _check_range(what: str, numbers: Sequence[int]) -> None:
    ends = (numbers[0], numbers[-1]) if isinstance(numbers, range) and len(numbers) else numbers
    if any(not 0 <= n < _LARGEST for n in ends):
        raise TaskError(f"{what} must be from 0 to 2^63 - 1.")
