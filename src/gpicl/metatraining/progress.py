"""The progress bar of meta-training, with the figures that matter."""

from typing import Any

from lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from gpicl.metatraining.module import MetaTraining

# Without a terminal, one line is printed per tenth of the run.
_LINES = 10


class TrainingProgress(Callback):
    """Shows the share of the budget used, the loss, and the accuracy on unseen tasks.

    Args:
        console: Console for the output; None for standard error.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._printed = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the bar."""
        if not trainer.is_global_zero or not self._console.is_terminal:
            return
        self._bar = Progress(
            TextColumn("meta-training"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %  {task.fields[figures]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._bar.add_task("meta-training", total=1.0, figures="")
        self._bar.start()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Move the bar."""
        if not trainer.is_global_zero or not isinstance(pl_module, MetaTraining):
            return
        progress = pl_module.budget.progress(trainer.global_step)
        if self._bar is not None:
            self._bar.update(self._task, completed=progress)
            # Reading a figure makes the host wait for the GPU, so it is read when it is logged.
            settings: Any = trainer  # Lightning adds its attributes at the start
            if trainer.global_step % max(1, settings.log_every_n_steps) == 0:
                self._bar.update(self._task, figures=_figures(trainer))
        elif int(progress * _LINES) > self._printed:
            self._printed = int(progress * _LINES)
            self._console.print(f"meta-training {progress:4.0%}  {_figures(trainer)}", highlight=False)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the bar."""
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Close the bar after an error too, so that the terminal is restored."""
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _figures(trainer: Trainer) -> str:
    figures = [f"step {trainer.global_step}"]
    names = {"loss": ("loss", ".3f"), "unseen_accuracy": ("unseen accuracy", ".1%")}
    for key, (name, form) in names.items():
        if key in trainer.callback_metrics:
            figures.append(f"{name} {float(trainer.callback_metrics[key]):{form}}")
    return "  ".join(figures)
