"""The task distribution: one data set seen through random projections and label permutations."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float32, Int64, Shaped
from torch import Tensor

from gpicl.data import FeatureDataset
from gpicl.errors import TaskError
from gpicl.tasks.episodes import Episodes
from gpicl.tasks.examples import ExampleDrawer, Examples
from gpicl.tasks.interventions import NO_INTERVENTION, Interventions
from gpicl.tasks.invention import invent
from gpicl.tasks.probability import check_probability
from gpicl.tasks.projection import normalise, project, project_afresh
from gpicl.tasks.spectrum import Spectrum
from gpicl.tasks.streams import Purpose, brief_stream, normal_key, stream
from gpicl.tasks.variety import Variety

TaskKind = Literal["seen", "unseen", "identity"]
"""Kinds of tasks; see `TaskAugmentor.episodes`."""

_ALWAYS_BIASED = Interventions(permutation_probability=0.0)

# Matrices and inputs of one chunk stay below this, however many episodes are asked for.
_CHUNK_BYTES = 64 * 2**20


class TaskAugmentor:
    """Makes classification tasks without end from one data set (paper, section 3).

    A task is `x -> A x` with `A_ij ~ Normal(0, 1 / N)` and `y -> rho(y)` with a uniform permutation `rho`. Episodes
    are a pure function of (seed, task, draw): asked for one or for a million, in any order, on any worker, the same
    episode comes out, and nothing is stored per task.

    Args:
        dataset: The examples.
        num_tasks: Number K of seen tasks, ids 0..K-1; None for unlimited, every episode then being a fresh task.
        length: Examples T per episode.
        num_features: Features F of the projected inputs; None for as many as the data set has.
        num_classes: Labels C of a task; None for as many as the data set has classes.
        spectrum_probability: Probability that a seen task has a random spectrum (`Spectrum`); unseen tasks never do,
            so that accuracies stay comparable.
        variety_probability: Probability of each change that `Variety` makes to seen tasks; unseen tasks never have one.
        label_noise_probability: Probability that some labels of a seen task are wrong; those of unseen tasks never are.
        invention_probability: Probability that a seen task has nothing to do with the examples: its inputs are drawn
            for its labels by `invent`.
        merging_probability: Probability that each label of a seen task stands for two or three classes, where images
            turned by a quarter, a half and three quarters are further classes; see `Merging`. In unseen tasks every
            label stands for one class as it is.
        seed: Seed of the whole distribution.
        device: Where episodes are made. Other devices draw other projections from the same seed.

    Raises:
        TaskError: Where such a distribution cannot exist.
    """

    def __init__(
        self,
        dataset: FeatureDataset,
        *,
        num_tasks: int | None = None,
        length: int = 100,
        num_features: int | None = None,
        num_classes: int | None = None,
        spectrum_probability: float = 0.0,
        variety_probability: float = 0.0,
        label_noise_probability: float = 0.0,
        invention_probability: float = 0.0,
        merging_probability: float = 0.0,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        if num_tasks is not None and not 1 <= num_tasks <= 2**32:
            raise TaskError(
                f"num_tasks must be from 1 to 2^32, not {num_tasks}. Give null (None) for unlimited fresh tasks."
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
        check_probability("spectrum_probability", spectrum_probability)
        check_probability("variety_probability", variety_probability)
        check_probability("invention_probability", invention_probability)
        if not 0 <= seed < 2**64:
            raise TaskError(f"seed must be from 0 to 2^64 - 1, not {seed}.")
        self.dataset = dataset
        self.num_tasks = num_tasks
        self.length = length
        self.num_features = num_features or dataset.features.shape[1]
        self.num_classes = num_classes or len(dataset.classes)
        self.spectrum_probability = spectrum_probability
        self.invention_probability = invention_probability
        self.seed = seed
        self.device = torch.device(device)
        self._drawer = ExampleDrawer(
            dataset, length, self.num_classes, label_noise_probability, merging_probability, seed
        )
        self._spectrum = Spectrum(self._drawer.pool) if spectrum_probability else None
        self._variety = Variety(dataset, variety_probability, seed) if variety_probability else None

    def episodes(
        self,
        draws: Sequence[int],
        tasks: TaskKind = "seen",
        interventions: Interventions = NO_INTERVENTION,
    ) -> Episodes:
        """Make the episodes of these draws.

        Args:
            draws: Non-negative numbers; each is an episode of its own.
            tasks: `seen`: draw n is of the task id that n falls on (a fresh task where they are unlimited).
                `unseen`: a fresh task of a stream that is never used for `seen`. `identity`: the raw data set.
            interventions: What is done to seen tasks.

        Raises:
            TaskError: If a draw is negative, an intervention is none, or the raw data set is wider than F.
        """
        if tasks == "seen" and self.num_tasks is not None:
            ids = [int(brief_stream(self.seed, Purpose.CHOICE, n).integers(self.num_tasks)) for n in draws]
            return self.episodes_of(ids, draws, interventions)
        if tasks == "identity":
            return self._make(draws, draws, Purpose.UNSEEN_TASK, _ALWAYS_BIASED, identity=True)
        if tasks == "unseen":
            return self._make(draws, draws, Purpose.UNSEEN_TASK, NO_INTERVENTION)
        return self._make(draws, draws, Purpose.FRESH_TASK, interventions)

    def episodes_of(
        self,
        task_ids: Sequence[int],
        draws: Sequence[int],
        interventions: Interventions = NO_INTERVENTION,
    ) -> Episodes:
        """Make one episode of each named task.

        Args:
            task_ids: Task ids, 0..2^32-1, also beyond `num_tasks`: those are unseen tasks that have a name.
            draws: As many draws; another draw of the same task shows other examples.
            interventions: See `episodes`.
        """
        if len(task_ids) != len(draws):
            raise TaskError(f"Give one draw per task id, not {len(draws)} draws for {len(task_ids)} ids.")
        if any(not 0 <= i < 2**32 for i in task_ids):
            raise TaskError("Task ids must be from 0 to 2^32 - 1.")
        return self._make(task_ids, draws, Purpose.TASK, interventions)

    def _make(
        self,
        task_ids: Sequence[int],
        draws: Sequence[int],
        purpose: Purpose,
        interventions: Interventions,
        identity: bool = False,
    ) -> Episodes:
        interventions.check()
        if any(n < 0 for n in draws):
            raise TaskError("Draws must not be negative.")
        drawn = [
            self._drawer.draw(task_id, draw, purpose, interventions)
            for task_id, draw in zip(task_ids, draws, strict=True)
        ]
        labels = torch.from_numpy(np.stack([one.labels for one in drawn])).to(self.device)
        # A caller's autocast would round the covariance to bfloat16 and so change the tasks.
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            chunks = [
                self._project(drawn[part], task_ids[part], draws[part], purpose, identity)
                for part in self._chunks(len(draws), purpose)
            ]
        return Episodes(chunks[0] if len(chunks) == 1 else torch.cat(chunks), labels)

    def _project(
        self,
        drawn: Sequence[Examples],
        task_ids: Sequence[int],
        draws: Sequence[int],
        purpose: Purpose,
        identity: bool,
    ) -> Float32[Tensor, "B T F"]:
        if identity:
            return self._unprojected(drawn)
        stored, mean, std = self._before_projection(drawn, task_ids, purpose)
        keys = [normal_key(self.seed, purpose, i) for i in task_ids]
        if purpose is Purpose.UNSEEN_TASK or not (self._variety or self.invention_probability):
            return self._project_stored(stored, mean, std, keys, purpose)
        inputs = normalise(stored, mean, std)
        changed = [
            self._change(inputs[i], drawn[i].labels, task_id, draw, purpose)
            for i, (task_id, draw) in enumerate(zip(task_ids, draws, strict=True))
        ]
        projected = inputs.new_empty(len(inputs), self.length, self.num_features)
        plain = [i for i, other in enumerate(changed) if other is None]
        if plain:
            plain_keys = [keys[i] for i in plain]
            projected[plain] = self._project_stored(inputs[plain], 0.0, 1.0, plain_keys, purpose)
        for i, other in enumerate(changed):
            if other is not None:  # each may be of a width of its own
                projected[i] = self._project_stored(other[None], 0.0, 1.0, keys[i : i + 1], purpose)[0]
        return projected

    def _unprojected(self, drawn: Sequence[Examples]) -> Float32[Tensor, "B T F"]:
        stored = self._stack(drawn)
        missing = self.num_features - stored.shape[2]
        if missing < 0:
            raise TaskError(
                f"The raw data set has {stored.shape[2]} features, more than the {self.num_features} of these "
                "tasks. Resize the images, or use projected tasks."
            )
        return torch.nn.functional.pad(normalise(stored, self.dataset.mean, self.dataset.std), (0, missing))

    def _before_projection(
        self, drawn: Sequence[Examples], task_ids: Sequence[int], purpose: Purpose
    ) -> tuple[Shaped[Tensor, "B T N"], float, float]:
        """Return what is projected, and the mean and the standard deviation that it is yet to be normalised with."""
        mean, std, spectrum = self.dataset.mean, self.dataset.std, self._spectrum
        if spectrum is None or purpose is Purpose.UNSEEN_TASK:
            return self._stack(drawn), mean, std
        scales = [
            # One after the other: the next brief stream ends the last.
            spectrum.scales(brief_stream(self.seed, Purpose.SPECTRUM, i, purpose), self.spectrum_probability)
            for i in task_ids
        ]
        # Left in the basis of the components: a projection's distribution is the same in every basis.
        # Other devices have the product for next to nothing, but would have to be sent floats in place of bytes.
        if self.device.type == "cpu" and spectrum.components is not None:
            rows = [spectrum.components[one.indices] * scale for one, scale in zip(drawn, scales, strict=True)]
            return torch.from_numpy(np.stack(rows)), 0.0, 1.0
        components = normalise(self._stack(drawn), mean, std) @ spectrum.basis.to(self.device)
        return components.mul_(torch.from_numpy(np.stack(scales)).to(self.device)[:, None]), 0.0, 1.0

    def _stack(self, drawn: Sequence[Examples]) -> Shaped[Tensor, "B T N"]:
        return torch.from_numpy(np.stack([one.source[one.indices] for one in drawn])).to(self.device)

    def _change(
        self, inputs: Float32[Tensor, "T N"], labels: Int64[np.ndarray, " T"], task_id: int, draw: int, purpose: Purpose
    ) -> Float32[Tensor, "T _"] | None:
        of_task = stream(self.seed, Purpose.INVENTION, task_id, 0, purpose)
        invented = of_task.random() < self.invention_probability
        if invented:
            of_episode = stream(self.seed, Purpose.INVENTION, task_id, draw + 1, purpose)
            inputs = torch.from_numpy(invent(labels, self.num_classes, of_task, of_episode)).to(inputs)
        varied = self._variety.vary(inputs, task_id, draw, purpose) if self._variety else None
        return inputs if invented and varied is None else varied

    def _project_stored(
        self, stored: Shaped[Tensor, "B T N"], mean: float, std: float, keys: Sequence[int], purpose: Purpose
    ) -> Float32[Tensor, "B T F"]:
        if purpose is Purpose.TASK:
            return project(normalise(stored, mean, std), keys, self.num_features)
        return project_afresh(stored, mean, std, keys, self.num_features)

    def _chunks(self, count: int, purpose: Purpose) -> Iterator[slice]:
        num_inputs = self.dataset.features.shape[1]
        rows = num_inputs if purpose is Purpose.TASK else self.length
        size = max(1, _CHUNK_BYTES // (4 * (rows * self.num_features + 2 * self.length * num_inputs)))
        for first in range(0, count, size):
            yield slice(first, first + size)
