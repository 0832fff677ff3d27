"""Label permutations, and the bias intervention that withholds them."""

import numpy as np
from jaxtyping import Int64

from gpicl.tasks.streams import Purpose, brief_stream


def task_classes(
    seed: int, purpose: Purpose, task_id: int, num_classes: int, num_labels: int, permutation_probability: float
) -> Int64[np.ndarray, " labels"]:
    """Say which class of the data set stands behind each label of a task (-1: none).

    A uniform permutation, or, with the complement of `permutation_probability`, the identity ("90 % biased" is a
    probability of 0.1). With fewer labels than classes a task is about a random subset of the classes; with more,
    its classes get a random subset of the labels.

    WHY the coin belongs to the task and comes first: annealing the probability then turns tasks from biased to
    unbiased one by one, and none of them changes in any other way.

    Args:
        seed: The distribution's seed.
        purpose: The stream of the task.
        task_id: The task.
        num_classes: Classes of the data set.
        num_labels: Labels C of the task.
        permutation_probability: Probability `p` that the task uses a permutation of its own.
    """
    random = brief_stream(seed, purpose, task_id)
    permuted = random.random() < permutation_probability
    width = max(num_classes, num_labels)
    behind = random.permutation(width) if permuted else np.arange(width)
    behind = behind[:num_labels].astype(np.int64)
    return np.where(behind < num_classes, behind, -1)
