"""The meta-training objective, and the validation metrics."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

from gpicl.learners import Learner
from gpicl.tasks import Episodes


def all_position_loss(logits: Float[Tensor, "B T C"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Return the mean cross-entropy over all positions of all episodes, in nats (paper, equation 2).

    Args:
        logits: Predictions. Half precision is converted to float32.
        labels: Correct labels, 0..C-1.
    """
    return F.cross_entropy(logits.to(torch.promote_types(logits.dtype, torch.float32)).flatten(0, 1), labels.flatten())


def late_positions(length: int) -> range:
    """Return the last tenth of an episode's positions, counted from 1; at least one.

    Args:
        length: Number T of examples of the episode.
    """
    return range(length - max(1, length // 10) + 1, length + 1)


def late_accuracy(logits: Float[Tensor, "B T C"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Return the accuracy over the last tenth of the positions, which is less noisy than that of the last one."""
    last = len(late_positions(labels.shape[1]))
    return (logits[:, -last:].argmax(2) == labels[:, -last:]).float().mean()


class Measured(NamedTuple):
    """Loss over all positions in nats, and accuracy over the last tenth of them."""

    loss: Float[Tensor, ""]
    accuracy: Float[Tensor, ""]


def measure(learner: Learner, episodes: Episodes) -> Measured:
    """Measure a learner's loss and late accuracy.

    Args:
        learner: Learner to measure, in its current mode.
        episodes: Episodes to measure on. If the learner needs a pass for each position, the loss is measured on a fixed
            sample of positions.
    """
    inputs, labels = episodes
    if learner.ordered:
        logits = learner(inputs, labels)
        return Measured(all_position_loss(logits, labels), late_accuracy(logits, labels))
    sampled = [learner.training_logits(inputs, labels, step) for step in range(learner.training_passes)]
    loss = torch.stack([all_position_loss(*pair) for pair in sampled]).mean()
    late = late_positions(labels.shape[1])
    logits = learner.predict(inputs, labels, late)
    right = logits.argmax(2) == labels[:, late.start - 1 :]
    return Measured(loss, right.float().mean())
