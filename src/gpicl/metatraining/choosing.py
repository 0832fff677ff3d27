"""Early stopping, and the weights of the best validation."""

from math import isnan
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from gpicl.metatraining.config import TrainingConfig
from gpicl.metatraining.module import MetaTraining


class Choosing(Callback):
    """Follows the validations on unseen tasks; its state is part of the checkpoint.

    Args:
        config: Gives the metric, the patience, and whether the best weights are kept.

    Attributes:
        ended: Whether training ended because the patience ran out.
        step: Step of the best validation; None before the first.
        value: Metric of the best validation.
        weights: The learner's state at the best validation, on the CPU.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        self.ended = False
        self.step: int | None = None
        self.value: float | None = None
        self._in_vain = 0
        self.weights: dict[str, torch.Tensor] = {}

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare a validation with the best one."""
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
        """Load the best weights into the learner, if `training.best` is set and there was a validation."""
        if self._config.best and self.weights:
            module.learner.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a resumed run needs."""
        return {"step": self.step, "value": self.value, "in_vain": self._in_vain, "weights": self.weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state from `state_dict`."""
        self.step, self.value = state_dict["step"], state_dict["value"]
        self._in_vain, self.weights = state_dict["in_vain"], state_dict["weights"]

    def _better(self, value: float, best: float) -> bool:
        return value < best if self._config.metric == "unseen_loss" else value > best
