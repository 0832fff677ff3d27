"""Label noise: tasks in which some labels are wrong.

WHY: the classes of MNIST hardly overlap, and a learner that is meta-trained on them alone comes to trust every single
example. Where classes do overlap, as Fashion-MNIST's shirts and coats, that costs accuracy (docs/lab-notebook.md).
"""

from dataclasses import replace

import torch

from gpicl.tasks.widenings.widening import Batch, Widening

# Of the labels of a noisy task at most so many are replaced.
_HIGHEST_RATE = 0.4


class LabelNoise(Widening):
    """The rate of a noisy task is uniform up to 40 %; a replaced label is any of the task's."""

    name = "label_noise"
    changes_answers = True
    needs_data = False
    changes_inputs = False
    reads_inputs = False

    def widen(self, batch: Batch) -> Batch:
        """Replace labels at random."""
        labels, numbers = batch.labels, batch.numbers
        rate = _HIGHEST_RATE * numbers.uniforms("rate of label noise", 1)
        wrong = numbers.uniforms("wrong labels", labels.shape[1], "episode") < rate
        places = batch.used.cumsum(1)
        which = numbers.integers(places[:, -1:], "labels in their place", labels.shape[1], "episode")
        return replace(batch, labels=torch.where(wrong, torch.searchsorted(places, which, right=True), labels))
