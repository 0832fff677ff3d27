"""Merged classes: tasks whose labels each stand for two or three classes.

WHY: every class of MNIST is one cluster, or nearly so. A class elsewhere may be several: a character that is written in
two ways, dogs of all breeds. A learner that has met only single clusters comes to expect them (docs/lab-notebook.md).
"""

from gpicl.data import FeatureDataset, with_rotations
from gpicl.errors import TaskError
from gpicl.tasks.probability import check_probability
from gpicl.tasks.streams import Purpose, brief_stream

_MOST = 3


class Merging:
    """Says of every task how many classes each of its labels stands for.

    Args:
        probability: Probability that they are more than one; two or three then, as far as there are enough classes.
        dataset: The examples.
        num_labels: Labels C of a task.
        seed: Seed of the distribution.

    Attributes:
        pool: What merged tasks are made from: square images in their four turns, other examples as they are. The data
            set's own examples and classes come first.

    Raises:
        TaskError: If there are too few classes to merge any.
    """

    def __init__(self, probability: float, dataset: FeatureDataset, num_labels: int, seed: int) -> None:
        check_probability("merging_probability", probability)
        self._probability, self._seed = probability, seed
        shape = dataset.image_shape
        square = shape is not None and shape[0] == shape[1] and not dataset.fresh_each_episode
        self.pool = with_rotations(dataset) if probability and square else dataset
        self._most = min(_MOST, len(self.pool.classes) // num_labels)
        if probability and self._most < 2:
            raise TaskError(
                f"merging_probability={probability} needs two classes for each of the {num_labels} labels, but data "
                f"set {dataset.name!r} has {len(self.pool.classes)} classes. Square images have three more turns; else "
                "lower tasks.num_classes, or leave it at 0."
            )

    def classes_per_label(self, purpose: Purpose, task_id: int) -> int:
        """Tell for one task.

        Args:
            purpose: The stream of the task.
            task_id: The task.
        """
        if not self._probability:
            return 1
        of_task = brief_stream(self._seed, Purpose.MERGING, task_id, 0, purpose)
        return int(of_task.integers(2, self._most + 1)) if of_task.random() < self._probability else 1
