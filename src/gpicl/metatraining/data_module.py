"""Episodes for meta-training as a LightningDataModule."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader, Dataset, IterableDataset

from gpicl.errors import TaskError
from gpicl.metatraining.annealing import interventions_at
from gpicl.metatraining.config import TaskConfig
from gpicl.tasks import Episodes, Interventions, TaskAugmentor


class EpisodeDataModule(LightningDataModule):
    """Serves seen tasks for training, and unseen tasks of held-out images for validation.

    WHY no sampler and no state: batch n of the run is the draws `n * batch ... (n + 1) * batch - 1`, and process r of
    W takes the r-th of W equal parts of them. A resumed or distributed run then sees the same tasks.

    Args:
        training: Tasks to train on.
        held_out: Tasks of the held-out images.
        tasks: Configuration of the interventions.
        batch: Episodes per step, over all processes.
        validation_episodes: Number of episodes of each validation.
        first_step: Number of the first step; see `TrainingConfig`.
    """

    def __init__(
        self,
        training: TaskAugmentor,
        held_out: TaskAugmentor,
        tasks: TaskConfig,
        batch: int,
        validation_episodes: int = 128,
        first_step: int = 0,
    ) -> None:
        super().__init__()
        self.first_step = first_step
        self.training = training
        self.held_out = held_out
        self.tasks = tasks
        self.batch = batch
        self.validation_episodes = validation_episodes

    def setup(self, stage: str) -> None:
        """Make tasks on the learner's device."""
        if self.trainer is not None:
            device = self.trainer.strategy.root_device
            self.training.device = self.held_out.device = device
            if self.batch % self.trainer.world_size:
                raise TaskError(
                    f"A batch of {self.batch} episodes cannot be shared equally by {self.trainer.world_size} "
                    "processes. Choose training.batch as a multiple of their number."
                )

    def interventions(self, step: int) -> Interventions:
        """Return the annealed interventions on seen tasks at a step.

        Args:
            step: Number of the step.
        """
        fewest = self.tasks.fewest_classes
        classes = None if fewest is None else classes_of_step(step, fewest, self.training.num_classes)
        return interventions_at(self.tasks, step, classes)

    @property
    def repeats_within_an_episode(self) -> bool:
        """Whether the number of repeated examples never exceeds the length of an episode."""
        tasks = self.tasks
        most = max(tasks.repeated_images, tasks.first_repeated_images or 0)
        return not tasks.repetition_probability or most <= tasks.length

    def batch_of_step(self, step: int, rank: int = 0, world_size: int = 1) -> Episodes:
        """Make the episodes on which one process trains at one step.

        Args:
            step: Number of the step.
            rank: Number of the process, from 0.
            world_size: Number of processes.
        """
        share = self.batch // world_size
        first = step * self.batch + rank * share
        return self.training.episodes(range(first, first + share), "seen", self.interventions(step))

    def train_dataloader(self) -> "DataLoader[Episodes]":
        """Serve one batch per step without end, starting at the trainer's current step."""
        return DataLoader(_Steps(self._from_here), batch_size=None)

    def val_dataloader(self) -> "DataLoader[Episodes]":
        """Serve the same unseen episodes at every validation, at most 128 at once."""
        return DataLoader(_UnseenBatches(self.held_out, self.validation_episodes), batch_size=None)

    def _from_here(self) -> Iterator[Episodes]:
        step, rank, world_size = self.first_step, 0, 1
        if self.trainer is not None:
            step += self.trainer.global_step
            rank, world_size = self.trainer.global_rank, self.trainer.world_size
            module: Any = self.trainer.lightning_module
            if hasattr(module, "captures") and module.captures():
                # A captured step makes its own episodes.
                nothing = torch.empty(0, device=self.training.device)
                while True:
                    yield Episodes(nothing.view(0, 0, 0), nothing.view(0, 0).long())
        while True:
            yield self.batch_of_step(step, rank, world_size)
            step += 1


class _Steps(IterableDataset[Episodes]):
    """An endless iterable whose first step is determined when iteration begins."""

    def __init__(self, begin: Callable[[], Iterator[Episodes]]) -> None:
        self._begin = begin

    def __iter__(self) -> Iterator[Episodes]:
        return self._begin()


class _UnseenBatches(Dataset[Episodes]):
    """Fixed draws of unseen tasks, in batches."""

    def __init__(self, tasks: TaskAugmentor, episodes: int, batch: int = 128) -> None:
        self._tasks, self._episodes, self._batch = tasks, episodes, batch

    def __len__(self) -> int:
        return -(-self._episodes // self._batch)

    def __getitem__(self, index: int) -> Episodes:
        if index >= len(self):
            raise IndexError(index)
        first = index * self._batch
        with torch.no_grad():
            return self._tasks.episodes(range(first, min(first + self._batch, self._episodes)), "unseen")


def classes_of_step(step: int, fewest: int, most: int) -> int:
    """Return the number of classes at a step; any range of steps covers all numbers evenly.

    WHY not at random: every process then knows the number of each step without a generator and without reading labels.

    Args:
        step: Number of steps done before.
        fewest: Smallest number of classes.
        most: Largest number of classes.
    """
    return fewest + int((step + 1) * 2**0.5 % 1 * (most - fewest + 1))
