"""Checkpoints that stay intact even if the process is killed while writing."""

import io
import signal
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, NamedTuple
from zipfile import ZipFile

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from gpicl.errors import CheckpointError
from gpicl.files import write_atomically
from gpicl.metatraining.csv_log import CsvLog
from gpicl.metatraining.signals import SignalStopError, StopSignals


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes checkpoints atomically: to a temporary file that is then renamed."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint.

        Args:
            checkpoint: States of the model, the optimiser, the loops and the callbacks.
            path: Checkpoint file.
            storage_options: Ignored.

        Raises:
            CheckpointError: If a callback's state cannot be loaded again.
        """

        def write(part: Path) -> None:
            torch.save(checkpoint, part)
            try:
                torch.load(part, map_location="cpu", weights_only=True, mmap=True)
            except UnpicklingError as error:
                raise CheckpointError(_not_plain(checkpoint)) from error

        write_atomically(Path(path), write)


def _not_plain(checkpoint: dict[str, Any]) -> str:
    """Name the callback whose state holds objects, which are not loaded since they could run code."""
    for name, state in checkpoint.get("callbacks", {}).items():
        content = io.BytesIO()
        torch.save(state, content)
        content.seek(0)
        try:
            torch.load(content, weights_only=True)
        except UnpicklingError:
            return (
                f"The run cannot be resumed with the callback {name}: its state_dict holds objects. Let it return only "
                "tensors, numbers, strings, and lists and dictionaries of them, such as float(x) for a NumPy number."
            )
    return (
        "The run cannot be resumed: a callback saves objects in the checkpoint (on_save_checkpoint). Let it save only "
        "tensors, numbers, strings, and lists and dictionaries of them."
    )


def is_trial(trainer: Trainer) -> bool:
    """Return whether a trainer only tries a few steps (`fast_dev_run`) without logging."""
    return bool(vars(trainer).get("fast_dev_run"))


class RegularCheckpoint(Callback):
    """Writes a checkpoint at regular intervals, and before a signal ends the run.

    Args:
        path: Checkpoint file, which each checkpoint replaces.
        every: Steps between checkpoints.
        signals: Signals that end the run.
        sources: Hashes of the learner's code and the data, saved in the checkpoint (see `Run.sources`).
    """

    def __init__(self, path: Path, every: int, signals: StopSignals, sources: dict[str, str | None]) -> None:
        self._path = path
        self._every = every
        self._signals = signals
        self._sources = sources

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Install the signal handlers again, which Lightning has replaced."""
        self._signals.install()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Write a checkpoint if it is due. The previous step has been validated and logged by then."""
        # WHY: when a run resumes at a step that was validated, Lightning counts that step twice, and every later step
        # would be logged under the wrong number or not at all.
        trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step
        ends = self._ends(trainer)
        if trainer.global_step and (ends or trainer.global_step % self._every == 0):
            self.write(trainer)
        if ends:
            raise SignalStopError(self._signals.received or signal.SIGTERM, trainer.global_step)

    def write(self, trainer: Trainer) -> None:
        """Write the checkpoint, except in a trial run, which logs nothing that a resumed run could continue."""
        if is_trial(trainer):
            return
        # The log first: on resumption extra rows are dropped, but missing rows would stay missing.
        for log in trainer.loggers:
            if isinstance(log, CsvLog):
                log.flush()
        trainer.save_checkpoint(self._path)

    def _ends(self, trainer: Trainer) -> bool:
        asked = self._signals.received is not None
        # Every process must stop at the same step, but a signal may reach only one of them.
        return asked if trainer.world_size == 1 else trainer.strategy.reduce_boolean_decision(asked, all=False)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Save the hashes of the learner's code and the data."""
        checkpoint["sources"] = self._sources

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Undo the count of the batch that was ready but not started; otherwise Lightning validates one step early."""
        announced = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["total"]
        announced["ready"] = announced["completed"]


_PARTS = ("state_dict", "global_step", "loops", "callbacks", "optimizer_states", "lr_schedulers")


class Progress(NamedTuple):
    """Progress of a checkpoint.

    Attributes:
        steps: Number of steps done.
        sources: Hashes of the learner's code and the data; None if an earlier version wrote the checkpoint without
            them.
    """

    steps: int
    sources: dict[str, str | None] | None


def read_progress(path: Path, parameters: dict[str, torch.Size]) -> Progress:
    """Read the progress of a checkpoint before the trainer loads it, with a clear error if it is damaged.

    Args:
        path: Checkpoint file.
        parameters: Shapes of the learner's state by name.

    Raises:
        CheckpointError: If the checkpoint cannot be read or belongs to another learner.
    """
    remedy = f"Delete {path} to start this run again."
    try:
        with ZipFile(path) as archive:  # torch does not compare the checksums
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"the checksum of {damaged} is wrong")
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        saved = {name: tensor.shape for name, tensor in checkpoint["state_dict"].items()}
        found = Progress(int(checkpoint["global_step"]), checkpoint.get("sources"))
    except Exception as error:
        # For damaged bytes torch raises many kinds of errors (zip, pickle, key, runtime) with the same meaning.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} is damaged or is not a checkpoint ({reason}). {remedy}") from error
    if saved != {f"learner.{name}": shape for name, shape in parameters.items()}:
        raise CheckpointError(f"The checkpoint {path} belongs to another learner than this run's. {remedy}")
    lacking = [part for part in _PARTS if part not in checkpoint]
    if lacking:
        raise CheckpointError(f"{path} is damaged (it lacks {', '.join(lacking)}). {remedy}")
    return found
