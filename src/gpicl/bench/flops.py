"""How many operations a learner's matrix products take."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from gpicl.bench.steps import FIRST_STEP
from gpicl.learners import Learner
from gpicl.metatraining.loss import all_position_loss


def count_flops(work: Callable[[], object]) -> float:
    """Run something once and count the operations of all its matrix products, a multiplication and an addition each.

    Args:
        work: What to run.
    """
    aten = torch.ops.aten
    lstm = {aten.mkldnn_rnn_layer: _lstm_flops, aten.mkldnn_rnn_layer_backward: _lstm_backward_flops}
    with FlopCounterMode(display=False, custom_mapping=lstm) as counter:
        work()
    return float(counter.get_total_flops())


def step_flops(learner: Learner, batch: int, length: int) -> float:
    """Count the operations of a training step's products: forward, backward, whatever a learner computes again.

    WHY with one episode: products are per episode, and counting is slow where there are many small ones.

    Args:
        learner: The learner.
        batch: Episodes B per step.
        length: Examples T per episode.
    """
    inputs = torch.randn(1, length, learner.num_features)
    labels = torch.zeros(1, length, dtype=torch.long)

    def step() -> None:
        loss = all_position_loss(*learner.training_logits(inputs, labels, FIRST_STEP))
        if loss.requires_grad:
            loss.backward()
        learner.zero_grad()

    return batch * count_flops(step)


def forward_flops(learner: Learner, batch: int, length: int) -> float:
    """Count the operations of a forward pass's products.

    Args:
        learner: The learner.
        batch: Episodes B.
        length: Examples T per episode.
    """
    inputs = torch.randn(1, length, learner.num_features)
    labels = torch.zeros(1, length, dtype=torch.long)
    return batch * count_flops(lambda: learner(inputs, labels))


def _lstm_flops(
    inputs: tuple[int, ...], from_input: tuple[int, ...], recurrent: tuple[int, ...], *_: Any, **__: Any
) -> int:
    """Products of oneDNN's LSTM, which PyTorch's counter does not know; arguments are shapes."""
    return 2 * math.prod(inputs[:2]) * (math.prod(from_input) + math.prod(recurrent))


def _lstm_backward_flops(*shapes: Any, **more: Any) -> int:
    """By the inputs, and by the weights."""
    return 2 * _lstm_flops(*shapes, **more)
