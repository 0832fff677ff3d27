"""Merged classes: tasks whose labels each stand for two or three classes of the data set.

WHY: every class of MNIST is one cluster, or nearly so. A class elsewhere may be several: a character that is written in
two ways, dogs of all breeds. A learner that has met only single clusters comes to expect them (docs/lab-notebook.md).
"""

from gpicl.errors import TaskError
from gpicl.tasks.probability import check_probability
from gpicl.tasks.streams import Purpose, brief_stream

_MOST = 3


class Merging:
    """Says of every task how many classes each of its labels stands for.

    Args:
        probability: Probability that they are more than one; two or three then, as far as there are enough classes.
        num_classes: Classes of the data set.
        num_labels: Labels C of a task.
        seed: Seed of the distribution.

    Raises:
        TaskError: If there are too few classes to merge any.
    """

    def __init__(self, probability: float, num_classes: int, num_labels: int, seed: int) -> None:
        check_probability("merging_probability", probability)
        self._probability, self._seed = probability, seed
        self._most = min(_MOST, num_classes // num_labels)
        if probability and self._most < 2:
            raise TaskError(
                f"merging_probability={probability} needs two classes for each of the {num_labels} labels, but the "
                f"data set has {num_classes} classes. Set tasks.rotated_classes, lower tasks.num_classes, or leave it "
                "at 0."
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
