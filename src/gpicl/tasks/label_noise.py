"""Label noise: tasks in which some labels are wrong.

WHY: the classes of MNIST hardly overlap, and a learner that is meta-trained on them alone comes to trust every single
example. Where classes do overlap, as Fashion-MNIST's shirts and coats, that costs accuracy (docs/lab-notebook.md).
"""

import numpy as np
from jaxtyping import Int64

from gpicl.tasks.streams import Purpose, stream

# Of the labels of a noisy task at most so many are drawn anew.
_HIGHEST_RATE = 0.4


def noisy_labels(
    labels: Int64[np.ndarray, " T"],
    used: Int64[np.ndarray, " labels"],
    probability: float,
    seed: int,
    purpose: Purpose,
    task_id: int,
    draw: int,
) -> Int64[np.ndarray, " T"]:
    """Draw some labels of an episode anew, if its task is a noisy one.

    Args:
        labels: The true labels.
        used: Labels that the task has.
        probability: Probability that a task is noisy; its rate is then uniform up to 40 %.
        seed: Seed of the distribution.
        purpose: The stream of the task.
        task_id: The task, which decides about noise and rate.
        draw: The episode, which decides about the labels.
    """
    of_task = stream(seed, Purpose.LABEL_NOISE, task_id, 0, purpose)
    if of_task.random() >= probability:
        return labels
    rate = of_task.uniform(0.0, _HIGHEST_RATE)
    of_episode = stream(seed, Purpose.LABEL_NOISE, task_id, draw + 1, purpose)
    return np.where(of_episode.random(len(labels)) < rate, of_episode.choice(used, len(labels)), labels)
