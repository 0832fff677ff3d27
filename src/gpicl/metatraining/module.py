"""Meta-training as a LightningModule."""

from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from gpicl.errors import DivergenceError
from gpicl.learners import Learner
from gpicl.metatraining.budget import Budget
from gpicl.metatraining.classes_of_step import classes_of_step
from gpicl.metatraining.config import TrainingConfig
from gpicl.metatraining.loss import all_position_loss, late_accuracy
from gpicl.metatraining.measure import measure
from gpicl.metatraining.optimisers import build_optimiser
from gpicl.tasks import Episodes

_FINITE_EVERY = 10


class MetaTraining(LightningModule):
    """Minimises the all-position loss of a learner over episodes of many tasks. Works with any Trainer.

    Args:
        learner: The learner; trained in place.
        config: Optimiser, schedule and budget.
        fewest_classes: Fewest classes of a step's tasks, of which the learner then reads as many; None if every task
            has as many as the learner.
    """

    def __init__(self, learner: Learner, config: TrainingConfig, fewest_classes: int | None = None) -> None:
        super().__init__()
        self.fewest_classes = fewest_classes
        self.learner = learner.train()
        self.config = config
        self.budget = Budget(config)
        self._spent_before = 0.0

    def configure_optimizers(self) -> Optimizer:
        """Build the optimiser, and remember the rates that the schedule scales."""
        optimiser = build_optimiser(self.learner, self.config)
        for group in optimiser.param_groups:
            group["initial_lr"] = group["lr"]
        return optimiser

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by the norm.

        WHY not Lightning's own: beside mixed precision it refuses fused optimisers, which would undo the scaling of
        float16's losses in their step, after the clipping. In bfloat16 nothing is scaled.

        Args:
            optimizer: Holds the parameters.
            gradient_clip_val: Largest norm; None for any.
            gradient_clip_algorithm: Lightning's name of the way; always by the norm.
        """
        if gradient_clip_val is not None:
            nn.utils.clip_grad_norm_(
                [p for group in optimizer.param_groups for p in group["params"]], gradient_clip_val
            )

    def on_train_start(self) -> None:
        """Start the clock where the checkpoint left it."""
        self.budget.start(self._spent_before)

    def on_train_batch_start(self, batch: Episodes, batch_idx: int) -> int | None:
        """Set the learning rates; end the epoch when the time is up."""
        progress = self.budget.progress(self.global_step)
        if self.config.minutes is not None:
            # Every process must stop at the same step, and no two clocks agree.
            progress = self.trainer.strategy.broadcast(progress)
            if progress >= 1.0:
                self.trainer.should_stop = True
                return -1
        factor = self.budget.learning_rate_factor(self.global_step, progress)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = group["initial_lr"] * factor
        return None

    def training_step(self, batch: Episodes, batch_idx: int) -> Tensor:
        """Take the all-position loss of one batch of episodes."""
        learner = self.learner
        if self.fewest_classes is not None:
            classes = classes_of_step(self.global_step, self.fewest_classes, learner.num_classes)
            learner = learner.with_size(learner.num_features, classes)
        logits, labels = learner.training_logits(batch.inputs, batch.labels, self.global_step)
        loss = all_position_loss(logits, labels)
        self._check_finite(loss)
        # Lightning's own count of steps for the loggers is one too high after a resumption.
        self.log("step", float(self.global_step + 1))
        self.log("loss", loss, sync_dist=True)
        self.log("accuracy", late_accuracy(logits, labels), sync_dist=True)
        self.log("seconds", self.budget.seconds)
        return loss

    def _check_finite(self, loss: Tensor) -> None:
        # Looking at the loss makes a GPU wait, so not at every step.
        if self.global_step % _FINITE_EVERY == 0 and not bool(torch.isfinite(loss)):
            raise DivergenceError(
                f"The loss is {loss.item()} at step {self.global_step}: meta-training has diverged. Lower "
                "training.learning_rate or training.matrix_learning_rate, lengthen training.warmup, set training.clip."
            )

    def validation_step(self, batch: Episodes, batch_idx: int) -> None:
        """Measure what the figure of merit is: accuracy on unseen tasks made of held-out images."""
        measured = measure(self.learner, batch)
        size = len(batch.labels)
        self.log("step", float(self.global_step), batch_size=size)
        self.log("unseen_loss", measured.loss, batch_size=size, sync_dist=True)
        self.log("unseen_accuracy", measured.accuracy, batch_size=size, sync_dist=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the clock with the weights."""
        checkpoint["seconds"] = self.budget.seconds

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the clock up again."""
        self._spent_before = checkpoint["seconds"]
