"""Label noise: tasks in which some labels are wrong.

WHY: the classes of MNIST hardly overlap, so a learner meta-trained only on them learns to trust every single example.
If classes overlap, like Fashion-MNIST's shirts and coats, that costs accuracy (docs/lab-notebook.md).
"""

from dataclasses import replace

import torch

from gpicl.tasks.widenings.widening import Batch, Widening

# Largest share of the labels of a noisy task that is replaced.
_HIGHEST_RATE = 0.4


class LabelNoise(Widening):
    """A noisy task replaces up to 40 % of its labels (uniform), each by any label of the task."""

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
