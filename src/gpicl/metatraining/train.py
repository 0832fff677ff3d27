"""Meta-training from a configuration to a folder with weights."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, Trainer, seed_everything
from lightning.pytorch.loggers import Logger, TensorBoardLogger

from gpicl.learners import Learner
from gpicl.metatraining.build import build_run_learner, build_tasks
from gpicl.metatraining.checkpointing import AtomicCheckpointIO, RegularCheckpoint, steps_done
from gpicl.metatraining.config import RunConfig
from gpicl.metatraining.csv_log import CsvLog
from gpicl.metatraining.data_module import EpisodeDataModule
from gpicl.metatraining.freed_memory import freed_memory_kept
from gpicl.metatraining.module import MetaTraining
from gpicl.metatraining.precision import lightning_precision
from gpicl.metatraining.progress import TrainingProgress
from gpicl.metatraining.run import Run
from gpicl.weights import load_weights, save_weights


def meta_train(
    config: RunConfig,
    output: Path | str = "runs",
    say: Callable[[str], object] | None = None,
    **trainer_options: Any,
) -> tuple[Run, Learner]:
    """Meta-train a learner, or resume, or just load what has been trained before.

    Whatever can be wrong with the configuration is found before the first step, and before the first file is written.

    Args:
        config: The run.
        output: Folder of all runs.
        say: Told in a sentence what will be done, once it is known to be possible.
        trainer_options: Passed on to Lightning's Trainer, such as `strategy`.

    Returns:
        The run, finished, and the learner on the CPU.

    Raises:
        GpiclError: If the configuration cannot be run, or the run's checkpoint cannot be resumed.
    """
    run = Run(config, output)
    say = say or (lambda _: None)
    if run.finished:
        say(f"Finished before: {run.folder}")
        return run, load_weights(run.folder)
    training, held_out = build_tasks(config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        learner = build_run_learner(config, training)
    if not learner.num_parameters:
        say(f"{config.learner.name} has nothing to meta-train: {run.folder}")
        run.create()
        _save(run, learner, steps=0, seconds=0.0)
        return run, load_weights(run.folder)
    done = 0
    if run.checkpoint.exists():
        done = steps_done(run.checkpoint, {name: t.shape for name, t in learner.state_dict().items()})
    run.create()
    say(f"Resuming at step {done}: {run.folder}" if done else f"Starting: {run.folder}")
    log = CsvLog(run.log)
    log.begin(done)
    module = MetaTraining(learner, config.training, config.tasks.fewest_classes, config.loop)
    data = EpisodeDataModule(training, held_out, config.tasks, config.training.batch, config.loop.validation_episodes)
    callbacks: list[Callback] = [RegularCheckpoint(run.checkpoint, config.loop.checkpoint_every)]
    if config.loop.progress:
        callbacks.append(TrainingProgress())
    with _quiet_lightning(), freed_memory_kept():
        # Seeded again so that a learner which draws while it trains does so alike in every process.
        seed_everything(config.training.seed, workers=True, verbose=False)
        trainer = _trainer(config, [log, *_tensorboard(run)], callbacks, trainer_options)
        trainer.fit(module, data, ckpt_path=run.checkpoint if done else None, weights_only=True)
    if trainer.is_global_zero:
        accuracy = _figure(trainer, "unseen_accuracy")
        _save(run, learner, trainer.global_step, module.budget.seconds, unseen_accuracy=accuracy)
        run.checkpoint.unlink(missing_ok=True)
    trainer.strategy.barrier()
    return run, load_weights(run.folder)


def _save(run: Run, learner: Learner, steps: int, seconds: float, **measured: Any) -> None:
    save_weights(
        learner,
        run.folder,
        name=run.folder.name,
        meta_training=run.config.identity(),
        steps=steps,
        seconds=round(seconds, 1),
        **measured,
    )


def _trainer(config: RunConfig, logs: list[Logger], callbacks: list[Callback], options: dict[str, Any]) -> Trainer:
    accelerator = options.pop("accelerator", config.loop.accelerator)
    on_gpu = accelerator in ("gpu", "cuda") or (accelerator == "auto" and torch.cuda.is_available())
    device = torch.device("cuda" if on_gpu else "cpu")
    settings: dict[str, Any] = {
        "accelerator": accelerator if accelerator != "auto" else ("gpu" if on_gpu else "cpu"),
        "devices": config.loop.devices,
        "max_steps": config.training.max_steps or -1,
        "max_epochs": -1,
        "precision": lightning_precision(config.training.precision, device),
        "gradient_clip_val": config.training.clip or None,
        "val_check_interval": config.loop.validate_every,
        "check_val_every_n_epoch": None,
        "num_sanity_val_steps": 0,
        "log_every_n_steps": config.loop.log_every,
        "logger": logs,
        "callbacks": callbacks,
        "plugins": [AtomicCheckpointIO()],
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return Trainer(**{**settings, **options})


def _tensorboard(run: Run) -> list[Logger]:
    if find_spec("tensorboard") is None:
        return []
    return [TensorBoardLogger(run.folder, name="tensorboard", version="")]


def _figure(trainer: Trainer, name: str) -> float | None:
    value = trainer.callback_metrics.get(name)
    return None if value is None else round(float(value), 4)


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Hush what Lightning says of devices, tips and workers: our data needs none, and our bar says the rest."""
    loggers = [logging.getLogger(f"lightning.{part}") for part in ("pytorch", "fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*`training_step` returned `None`.*")
            warnings.filterwarnings("ignore", message=".*treespec, LeafSpec.*", category=FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
