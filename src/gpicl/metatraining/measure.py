"""What a learner reaches on a batch of unseen episodes, while it is meta-trained."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from gpicl.learners import Learner
from gpicl.metatraining.loss import all_position_loss, late_accuracy, late_positions
from gpicl.tasks import Episodes


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
