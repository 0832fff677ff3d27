"""Meta-training as a LightningModule."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from gpicl.errors import ConfigError
from gpicl.learners import Learner
from gpicl.metatraining.averaging import AveragedWeights
from gpicl.metatraining.budget import Budget
from gpicl.metatraining.captured_step import CapturedStep, Figures, StepPlan, accumulated
from gpicl.metatraining.config import LoopConfig, TrainingConfig
from gpicl.metatraining.data_module import EpisodeDataModule, classes_of_step
from gpicl.metatraining.divergence import LossWatch
from gpicl.metatraining.loss import all_position_loss, late_accuracy, measure
from gpicl.metatraining.optimisers import build_optimiser
from gpicl.metatraining.randomness import host_randomness
from gpicl.tasks import Episodes

# Reading a loss makes the host wait for the GPU, so it is not read at every step.
_LOOK_EVERY = 10


class MetaTraining(LightningModule):
    """Minimises the all-position loss of a learner over episodes of many tasks. Works with any Trainer.

    Args:
        learner: Learner, trained in place.
        config: Optimiser, schedule and budget.
        fewest_classes: Smallest number of classes of a step's tasks, to which the learner is resized; None if every
            task has as many as the learner.
        loop: Whether steps are captured or compiled; None for the defaults.
    """

    def __init__(
        self,
        learner: Learner,
        config: TrainingConfig,
        fewest_classes: int | None = None,
        loop: LoopConfig | None = None,
    ) -> None:
        super().__init__()
        self.loop = loop or LoopConfig()
        self._captured: CapturedStep | None = None
        self._watch = LossWatch(learner.num_classes)
        self.fewest_classes = fewest_classes
        self.learner = learner.train()
        self.config = config
        self.budget = Budget(config)
        self._first = config.first_number
        self._spent_before = 0.0
        self._averaged: AveragedWeights | None = None
        self._average_before: dict[str, Any] | None = None
        self._watch_before: dict[str, float] | None = None

    def setup(self, stage: str) -> None:
        """Reject a batch that cannot be divided equally between processes and their parts."""
        parts = self.config.accumulate * self.trainer.world_size
        if self.config.accumulate > 1 and self.config.batch % parts:
            raise ConfigError(
                f"A batch of {self.config.batch} episodes cannot be divided between {self.trainer.world_size} processes"
                f" in {self.config.accumulate} equal parts each. Choose training.batch as a multiple of {parts}."
            )

    def configure_optimizers(self) -> Optimizer:
        """Build the optimiser, and store the initial rates that the schedule scales."""
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
        """Clip gradients by their norm.

        WHY not Lightning's method: with mixed precision it rejects fused optimisers, because these undo the scaling of
        float16 losses in their step, after the clipping. In bfloat16 nothing is scaled.

        Args:
            optimizer: Optimiser that holds the parameters.
            gradient_clip_val: Largest norm; None for no clipping.
            gradient_clip_algorithm: Ignored; gradients are always clipped by the norm.
        """
        if gradient_clip_val is not None:
            nn.utils.clip_grad_norm_(
                [p for group in optimizer.param_groups for p in group["params"]], gradient_clip_val
            )

    def captures(self) -> bool:
        """Return whether steps, including their tasks, run as CUDA graphs rather than one operation at a time."""
        trainer: Any = self.trainer  # Lightning adds its attributes at the start
        wanted = self.loop.capture
        possible = (
            isinstance(trainer.datamodule, EpisodeDataModule)
            and trainer.world_size == 1
            and trainer.accumulate_grad_batches == 1
            and trainer.precision in ("bf16-mixed", "32-true")
            and trainer.datamodule.repeats_within_an_episode
        )
        return possible and (trainer.strategy.root_device.type == "cuda" if wanted is None else wanted)

    def on_train_start(self) -> None:
        """Start the clock, from the time in the checkpoint if there is one."""
        if self.loop.compile:
            self._check_compiles()
        self.budget.start(self._spent_before)
        if self.captures():
            self._captured = self._capture()
        else:
            self._captured = None
            for group in self.trainer.optimizers[0].param_groups:
                # The checkpoint of a captured run holds tensors as rates, and a setting of Adam that needs a GPU.
                group["lr"] = float(group["lr"])
                if "capturable" in group:
                    group["capturable"] = False
        data = getattr(self.trainer, "datamodule", None)
        annealed = data.tasks.anneal_steps if isinstance(data, EpisodeDataModule) else 0
        self._watch = LossWatch(self.learner.num_classes, max(0, annealed - self._first))
        if self._watch_before is not None:
            self._watch.load_state_dict(self._watch_before)
        if self.config.average:
            self._averaged = AveragedWeights(self.learner, self.config.average)
            if self._average_before is not None:
                self._averaged.load_state_dict(self._average_before)

    def release(self) -> None:
        """Free the graphs. Lightning's references form cycles, which would keep them after training."""
        self._captured = None

    def _check_compiles(self) -> None:
        trainer: Any = self.trainer
        if trainer.strategy.root_device.type != "cuda" or not self.captures():
            raise ConfigError("loop.compile needs a step that is captured on one GPU. Leave it out here.")
        # Other learners read a different number of examples at every step, each of which would be compiled.
        if type(self.learner).training_logits is not Learner.training_logits or self.fewest_classes is not None:
            name = type(self.learner).__name__
            raise ConfigError(
                f"loop.compile needs steps of a constant shape, which {name} does not have here. Set it to false."
            )

    def _capture(self) -> CapturedStep:
        trainer: Any = self.trainer
        data, device = trainer.datamodule, trainer.strategy.root_device
        in_bf16 = trainer.precision == "bf16-mixed"
        read = self._compiled() if self.loop.compile else self._read

        def learn(episodes: Episodes, step: int) -> Figures:
            # No cache: a graph would keep reading weights that were rounded before it was captured.
            with torch.autocast(device.type, torch.bfloat16, enabled=in_bf16, cache_enabled=False):
                return _figures(*read(episodes, step))

        def plan(step: int) -> StepPlan:
            interventions = data.interventions(step)
            kind = (interventions.num_classes, self.learner.training_context(data.training.length, step))
            return StepPlan(kind, interventions)

        return CapturedStep(
            data.batch,
            lambda draws, interventions: data.training.episodes(draws, "seen", interventions),
            learn,
            plan,
            trainer.optimizers[0],
            trainer.gradient_clip_val or 0.0,
            device,
            self.config.accumulate,
            partial(host_randomness, self.learner),
        )

    def optimizer_step(
        self, epoch: int, batch_idx: int, optimizer: Any, optimizer_closure: Callable[[], Any] | None = None
    ) -> None:
        """Take the optimiser step, unless it is part of a captured step."""
        if self._captured is None:
            super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        elif optimizer_closure is not None:
            optimizer_closure()

    def optimizer_zero_grad(self, epoch: int, batch_idx: int, optimizer: Optimizer) -> None:
        """Reset the gradients, unless the training step does so itself."""
        if self._captured is None and self.config.accumulate == 1:
            super().optimizer_zero_grad(epoch, batch_idx, optimizer)

    def on_train_batch_start(self, batch: Episodes, batch_idx: int) -> int | None:
        """Set the learning rates, and end training when the time is up."""
        progress = self.budget.progress(self.global_step)
        if self.config.minutes is not None:
            # Every process must stop at the same step, but their clocks differ.
            progress = self.trainer.strategy.broadcast(progress)
            if progress >= 1.0:
                self.trainer.should_stop = True
                return -1
        factor = self.budget.learning_rate_factor(self.global_step, progress)
        for group in self.trainer.optimizers[0].param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(group["initial_lr"] * factor)
            else:
                group["lr"] = group["initial_lr"] * factor
        return None

    def training_step(self, batch: Episodes, batch_idx: int) -> Tensor | None:
        """Compute the all-position loss of a batch of episodes, or run the whole captured step."""
        step, number = self.global_step, self.global_step + self._first
        if self._captured is not None:
            # Lightning calls this inside autocast, which would round gradients to bfloat16.
            with torch.autocast(self.device.type, enabled=False):
                figures = self._captured.take(number)
            # Reading a figure makes the host wait for the device, so it is only read when it is logged.
            trainer: Any = self.trainer
            if (step + 1) % _LOOK_EVERY == 0:
                self._look(figures.loss, step)
            if (step + 1) % trainer.log_every_n_steps == 0:
                self._log_figures(figures.loss.clone(), figures.accuracy.clone(), len(self._captured))
            return None
        if self.config.accumulate > 1:
            self.trainer.optimizers[0].zero_grad()
            loss, figures = accumulated(
                batch, self.config.accumulate, lambda part: _figures(*self._read(part, number)), self._backward
            )
        else:
            figures = _figures(*self._read(batch, number))
            loss = figures.loss
        if step % _LOOK_EVERY == 0:
            self._look(figures.loss, step)
        self._log_figures(figures.loss, figures.accuracy, len(batch.labels))
        return loss

    def _look(self, loss: Tensor, step: int) -> None:
        # The mean over processes, so that all of them stop at the same step.
        mean: Any = self.trainer.strategy.reduce(loss.detach(), reduce_op="mean")
        self._watch.look(float(mean), step)

    def _backward(self, loss: Tensor) -> None:
        """Add the gradients of one part of a batch, without synchronising them; Lightning does so for the last part."""
        strategy: Any = self.trainer.strategy
        alone = strategy.block_backward_sync() if hasattr(strategy, "block_backward_sync") else nullcontext()
        # This is called inside autocast, which would round gradients to bfloat16.
        with alone, torch.autocast(loss.device.type, enabled=False):
            strategy.backward(loss, self.trainer.optimizers[0])

    def on_train_batch_end(self, outputs: Any, batch: Episodes, batch_idx: int) -> None:
        """Update the average of the weights."""
        if self._averaged is not None:
            self._averaged.update()

    def on_train_end(self) -> None:
        """Finish with the averaged weights."""
        self._show_average(True)

    def on_validation_start(self) -> None:
        """Validate with the averaged weights."""
        self._show_average(True)

    def on_validation_end(self) -> None:
        """Continue training with the learner's own weights."""
        self._show_average(False)

    def _show_average(self, shown: bool) -> None:
        if self._averaged is not None:
            self._averaged.show(shown)

    def _read(self, episodes: Episodes, step: int) -> tuple[Tensor, Tensor]:
        return self._learner_of_step(step).training_logits(episodes.inputs, episodes.labels, step)

    def _compiled(self) -> Callable[[Episodes, int], tuple[Tensor, Tensor]]:
        compiled = torch.compile(self.learner)
        return lambda episodes, step: (compiled(episodes.inputs, episodes.labels), episodes.labels)

    def _learner_of_step(self, step: int) -> Learner:
        if self.fewest_classes is None:
            return self.learner
        classes = classes_of_step(step, self.fewest_classes, self.learner.num_classes)
        return self.learner.with_size(self.learner.num_features, classes)

    def _log_figures(self, loss: Tensor, accuracy: Tensor, size: int) -> None:
        # Lightning's own step count for loggers is one too high after a resumption.
        self.log("step", float(self.global_step + 1), batch_size=size)
        self.log("loss", loss, sync_dist=True, batch_size=size)
        self.log("accuracy", accuracy, sync_dist=True, batch_size=size)
        self.log("seconds", self.budget.seconds, batch_size=size)

    def validation_step(self, batch: Episodes, batch_idx: int) -> None:
        """Measure loss and accuracy on unseen tasks of held-out images."""
        measured = measure(self.learner, batch)
        size = len(batch.labels)
        self.log("step", float(self.global_step), batch_size=size)
        self.log("unseen_loss", measured.loss, batch_size=size, sync_dist=True)
        self.log("unseen_accuracy", measured.accuracy, batch_size=size, sync_dist=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save the time used, what is known of the loss, and the averaged weights in the checkpoint."""
        checkpoint["seconds"] = self.budget.seconds
        checkpoint["loss_watch"] = self._watch.state_dict()
        if self._averaged is not None:
            checkpoint["average"] = self._averaged.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the time used, what is known of the loss, and the averaged weights."""
        self._spent_before = checkpoint["seconds"]
        self._watch_before = checkpoint.get("loss_watch")
        self._average_before = checkpoint.get("average")


def _figures(logits: Tensor, labels: Tensor) -> Figures:
    return Figures(all_position_loss(logits, labels), late_accuracy(logits, labels))
