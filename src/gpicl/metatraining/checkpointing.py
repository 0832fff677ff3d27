"""Checkpoints that a kill at any moment leaves whole."""

from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from gpicl.errors import CheckpointError
from gpicl.files import write_atomically
from gpicl.metatraining.csv_log import CsvLog


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


class RegularCheckpoint(Callback):
    """Writes the checkpoint every so many steps.

    Args:
        path: The file; always the same one.
        every: Steps between checkpoints.
    """

    def __init__(self, path: Path, every: int) -> None:
        self._path = path
        self._every = every

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Write it if it is time: between two steps, when the one before has been validated and logged too."""
        if trainer.global_step and trainer.global_step % self._every == 0:
            # The log first: rows beyond the checkpoint are dropped on resumption, missing ones would stay missing.
            for log in trainer.loggers:
                if isinstance(log, CsvLog):
                    log.flush()
            trainer.save_checkpoint(self._path)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Take back the batch that was announced but not begun, or Lightning would validate a step early from now."""
        announced = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["total"]
        announced["ready"] = announced["completed"]


def steps_done(path: Path, parameters: dict[str, torch.Size]) -> int:
    """Look into a checkpoint before a trainer does, so that a damaged one is explained.

    Args:
        path: The file.
        parameters: Shapes of the learner's state by name.

    Returns:
        Steps that the checkpoint has done.

    Raises:
        CheckpointError: If it cannot be read or is of another learner.
    """
    remedy = f"Delete {path} to start this run again."
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        saved = {name: tensor.shape for name, tensor in checkpoint["state_dict"].items()}
        step = int(checkpoint["global_step"])
    except Exception as error:
        # Whatever torch makes of damaged bytes (zip, pickle, key and runtime errors), it means the same to the user.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"The checkpoint {path} is damaged or is none ({reason}). {remedy}") from error
    if saved != {f"learner.{name}": shape for name, shape in parameters.items()}:
        raise CheckpointError(f"The checkpoint {path} is of another learner than this run's. {remedy}")
    return step
