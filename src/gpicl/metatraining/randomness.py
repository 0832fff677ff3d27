"""Random numbers that a learner draws in training, such as dropout, as a function of only the seed and the step."""

import random
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from torch import nn

from gpicl.learners.generators import generator_states, plain_state, restore_generators


class StepRandomness(Callback):
    """Seeds the global generators of Python, NumPy and PyTorch at every step, and saves the learner's own generators.

    WHY seeded rather than saved and restored: other code that draws from the global generators between two steps
    (validation, a data loader, a logger) then has no effect, and a resumed run needs only its step number. The state of
    generators that a learner holds is saved in the checkpoint and restored after validation.

    Args:
        seed: Seed of the run.
        first_step: Number of the run's first step.
    """

    def __init__(self, seed: int, first_step: int = 0) -> None:
        self._seed, self._first_step = seed, first_step
        self._before_validation: list[Any] = []
        self._loaded: list[Any] | None = None

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Seed the global generators for this step."""
        if self._loaded is not None:
            restore_generators(pl_module, self._loaded)
            self._loaded = None
        number = f"{self._seed} {self._first_step + trainer.global_step}"
        if trainer.global_rank:  # processes train on other episodes, so they draw other numbers
            number += f" {trainer.global_rank}"
        digest = sha256(number.encode()).digest()
        torch.manual_seed(int.from_bytes(digest[:7], "little"))
        np.random.seed(int.from_bytes(digest[8:12], "little"))
        random.seed(digest)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the states of the learner's generators."""
        self._before_validation = generator_states(pl_module)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the states of the learner's generators."""
        restore_generators(pl_module, self._before_validation)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Save the states of the learner's generators."""
        checkpoint["generators"] = generator_states(pl_module)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Read the states of the learner's generators, which the first step restores."""
        self._loaded = checkpoint.get("generators")


def host_randomness(learner: nn.Module) -> list[Any]:
    """Return the states of the global generators and of the learner's own, to compare.

    Args:
        learner: Its generators are found as `StepRandomness` finds them.
    """
    states = [
        torch.get_rng_state(),
        random.getstate(),
        plain_state(np.random.get_state(legacy=False)),
        *generator_states(learner),
    ]
    return [state.tolist() if isinstance(state, torch.Tensor) else state for state in states]
