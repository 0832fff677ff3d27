"""Early stopping, and the weights of the best measurement."""

from math import isnan
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from gpicl.metatraining.config import TrainingConfig
from gpicl.metatraining.module import MetaTraining


class Choosing(Callback):
    """Follows the measurements on unseen tasks of validation images; its state is part of the checkpoint.

    Args:
        config: Says the metric, the patience, and whether the best weights are kept.

    Attributes:
        ended: Whether the patience has ended the training.
        step: Steps at the best measurement; None before the first.
        value: The metric there.
        weights: The learner's state there, on the CPU.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        self.ended = False
        self.step: int | None = None
        self.value: float | None = None
        self._in_vain = 0
        self.weights: dict[str, torch.Tensor] = {}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Look at a measurement."""
        if trainer.sanity_checking or self._config.metric not in trainer.callback_metrics:
            return
        value = float(trainer.callback_metrics[self._config.metric])
        if not isnan(value) and (self.value is None or self._better(value, self.value)):
            self.value, self.step, self._in_vain = value, trainer.global_step, 0
            if isinstance(pl_module, MetaTraining):
                state = pl_module.learner.state_dict()
                self.weights = {name: tensor.detach().cpu().clone() for name, tensor in state.items()}
            return
        self._in_vain += 1
        if self._config.patience is not None and self._in_vain >= self._config.patience:
            self.ended = trainer.should_stop = True

    def choose(self, module: MetaTraining) -> None:
        """Put the best weights into the learner, if they were to be kept and there was a measurement."""
        if self._config.best and self.weights:
            module.learner.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run goes on with."""
        return {"step": self.step, "value": self.value, "in_vain": self._in_vain, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with it."""
        self.step, self.value = state_dict["step"], state_dict["value"]
        self._in_vain, self.weights = state_dict["in_vain"], state_dict["weights"]

    def _better(self, value: float, best: float) -> bool:
        return value < best if self._config.metric == "unseen_loss" else value > best
