"""The examples of an episode and their labels, before any projection."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, Shaped

from gpicl.data import FeatureDataset
from gpicl.tasks.interventions import Interventions
from gpicl.tasks.label_noise import noisy_labels
from gpicl.tasks.labels import task_classes
from gpicl.tasks.merging import Merging
from gpicl.tasks.probability import check_probability
from gpicl.tasks.sampling import ClassIndex
from gpicl.tasks.streams import Purpose, stream


class Examples(NamedTuple):
    """The examples of one episode.

    Attributes:
        source: Features as they are stored, one row per example that there is.
        indices: Rows of `source`, one per position.
        labels: The labels that the episode gives them.
    """

    source: Shaped[np.ndarray, "examples N"]
    indices: Int64[np.ndarray, " T"]
    labels: Int64[np.ndarray, " T"]


class ExampleDrawer:
    """Draws the examples of any episode, as a pure function of (seed, task, draw).

    Args:
        dataset: The examples that there are.
        length: Examples T per episode.
        num_labels: Labels C of a task.
        label_noise_probability: See `TaskAugmentor`.
        merging_probability: See `TaskAugmentor`.
        seed: Seed of the distribution.

    Attributes:
        pool: All examples that a seen task may show; the data set's own come first.

    Raises:
        TaskError: If a probability is none, or there are too few classes to merge.
    """

    def __init__(
        self,
        dataset: FeatureDataset,
        length: int,
        num_labels: int,
        label_noise_probability: float,
        merging_probability: float,
        seed: int,
    ) -> None:
        check_probability("label_noise_probability", label_noise_probability)
        self._merging = Merging(merging_probability, dataset, num_labels, seed)
        self.pool = self._merging.pool
        self._index = ClassIndex(self.pool.labels, len(self.pool.classes))
        self._dataset, self._length, self._num_labels = dataset, length, num_labels
        self._noise, self._seed = label_noise_probability, seed

    def draw(self, task_id: int, draw: int, purpose: Purpose, interventions: Interventions) -> Examples:
        """Draw one episode's.

        Args:
            task_id: Its task.
            draw: Which episode of that task.
            purpose: The stream of the task.
            interventions: What is done to it.
        """
        behind = self._classes_behind(task_id, purpose, interventions)
        random = stream(self._seed, Purpose.EXAMPLES, task_id, draw, purpose)
        repeat = interventions.repetition_probability
        # A coin of its own, so that fading the repetitions changes no episode that has none.
        repeats = bool(repeat) and stream(self._seed, Purpose.REPETITION, task_id, draw, purpose).random() < repeat
        images = interventions.repeated_images if repeats else None
        indices, labels = self._index.draw(random, behind, self._length, images)
        labels %= self._num_labels  # one label for the classes that are merged
        source = self.pool.features
        if self._dataset.fresh_each_episode:
            source = random.integers(0, 256, source.shape, dtype=np.uint8)
        if self._noise and purpose is not Purpose.UNSEEN_TASK:
            used = np.unique(np.flatnonzero(behind >= 0) % self._num_labels)
            labels = noisy_labels(labels, used, self._noise, self._seed, purpose, task_id, draw)
        return Examples(source, indices, labels)

    def _classes_behind(
        self, task_id: int, purpose: Purpose, interventions: Interventions
    ) -> Int64[np.ndarray, " labels"]:
        merged = 1 if purpose is Purpose.UNSEEN_TASK else self._merging.classes_per_label(purpose, task_id)
        among = self._dataset if merged == 1 else self.pool
        permute, labels = interventions.permutation_probability, merged * self._num_labels
        behind = task_classes(self._seed, purpose, task_id, len(among.classes), labels, permute)
        behind.reshape(merged, self._num_labels)[:, interventions.num_classes or self._num_labels :] = -1
        return behind
