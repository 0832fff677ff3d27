"""The meta-training objective, and what is measured of a learner beside it."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

from gpicl.learners import Learner
from gpicl.tasks import Episodes


def all_position_loss(logits: Float[Tensor, "B T C"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Mean cross-entropy over all positions of all episodes, in nats (paper, equation 2).

    Args:
        logits: Predictions, in any precision; the loss is taken in float32.
        labels: Labels.
    """
    return F.cross_entropy(logits.to(torch.promote_types(logits.dtype, torch.float32)).flatten(0, 1), labels.flatten())


def late_positions(length: int) -> range:
    """The last tenth of an episode's positions, counted from 1; at least one.

    Args:
        length: Examples T of the episode.
    """
    return range(length - max(1, length // 10) + 1, length + 1)


def late_accuracy(logits: Float[Tensor, "B T C"], labels: Int64[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Accuracy over the last tenth of the positions: what the context has taught, with less noise than the last alone.

    Args:
        logits: Predictions.
        labels: Labels.
    """
    last = len(late_positions(labels.shape[1]))
    return (logits[:, -last:].argmax(2) == labels[:, -last:]).float().mean()


class Measured(NamedTuple):
    """Loss over all positions in nats, and accuracy over the last tenth of them."""

    loss: Float[Tensor, ""]
    accuracy: Float[Tensor, ""]


def measure(learner: Learner, episodes: Episodes) -> Measured:
    """Measure a learner as it is.

    Args:
        learner: The learner.
        episodes: What it is measured on. Of a learner that needs a pass for each position the loss is that of a sample
            of positions, always the same one.
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
