"""Checkpoints that a kill at any moment leaves whole."""

import signal
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from gpicl.errors import CheckpointError
from gpicl.files import write_atomically
from gpicl.metatraining.csv_log import CsvLog
from gpicl.metatraining.signals import SignalStopError, StopSignals


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint beside its place and then moves it there."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint.

        Args:
            checkpoint: States of everything.
            path: The file.
            storage_options: Not used for files.
        """
        write_atomically(Path(path), lambda part: torch.save(checkpoint, part))


def is_trial(trainer: Trainer) -> bool:
    """Whether a trainer only tries a few steps (`fast_dev_run`) and logs none of them."""
    return bool(vars(trainer).get("fast_dev_run"))


class RegularCheckpoint(Callback):
    """Writes the checkpoint every so many steps, and when a signal asks the run to end, which it then does.

    Args:
        path: The file; always the same one.
        every: Steps between checkpoints.
        signals: What asks the run to end.
        sources: What the run is made from; kept in the checkpoint (see `Run.sources`).
    """

    def __init__(self, path: Path, every: int, signals: StopSignals, sources: dict[str, str | None]) -> None:
        self._path = path
        self._every = every
        self._signals = signals
        self._sources = sources

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the signals back, which Lightning has taken over for itself."""
        self._signals.install()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Write it if it is time: between two steps, when the one before has been validated and logged too."""
        ends = self._ends(trainer)
        if trainer.global_step and (ends or trainer.global_step % self._every == 0):
            self.write(trainer)
        if ends:
            raise SignalStopError(self._signals.received or signal.SIGTERM, trainer.global_step)

    def write(self, trainer: Trainer) -> None:
        """Write the checkpoint; not of a trial run, which logs nothing that a resumed one could go on from."""
        if is_trial(trainer):
            return
        # The log first: rows beyond the checkpoint are dropped on resumption, missing ones would stay missing.
        for log in trainer.loggers:
            if isinstance(log, CsvLog):
                log.flush()
        trainer.save_checkpoint(self._path)

    def _ends(self, trainer: Trainer) -> bool:
        asked = self._signals.received is not None
        # Every process must stop at the same step, and a signal may reach but one of them.
        return asked if trainer.world_size == 1 else trainer.strategy.reduce_boolean_decision(asked, all=False)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Note what the run is made from."""
        checkpoint["sources"] = self._sources

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Take back the batch that was announced but not begun, or Lightning would validate a step early from now."""
        announced = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["total"]
        announced["ready"] = announced["completed"]


class Progress(NamedTuple):
    """How far a checkpoint has come.

    Attributes:
        steps: Steps done.
        sources: What the run was made from; None if an earlier version wrote the checkpoint, and did not note it.
    """

    steps: int
    sources: dict[str, str | None] | None


def read_progress(path: Path, parameters: dict[str, torch.Size]) -> Progress:
    """Look into a checkpoint before a trainer does, so that a damaged one is explained.

    Args:
        path: The file.
        parameters: Shapes of the learner's state by name.

    Raises:
        CheckpointError: If it cannot be read or is of another learner.
    """
    remedy = f"Delete {path} to start this run again."
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        saved = {name: tensor.shape for name, tensor in checkpoint["state_dict"].items()}
        found = Progress(int(checkpoint["global_step"]), checkpoint.get("sources"))
    except Exception as error:
        # Whatever torch makes of damaged bytes (zip, pickle, key and runtime errors), it means the same to the user.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"The checkpoint {path} is damaged or is none ({reason}). {remedy}") from error
    if saved != {f"learner.{name}": shape for name, shape in parameters.items()}:
        raise CheckpointError(f"The checkpoint {path} is of another learner than this run's. {remedy}")
    return found
