"""Run a configuration: meta-train, resume or load, and save the weights in the run's folder."""

import copy
import gc
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, Trainer
from lightning.pytorch.callbacks import GradientAccumulationScheduler
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from gpicl.errors import ConfigError, DivergenceError
from gpicl.files import make_folder
from gpicl.learners import LEARNERS, Learner
from gpicl.learners.checks import check_learner
from gpicl.metatraining.build import build_features, build_run_learner, build_tasks
from gpicl.metatraining.checkpointing import AtomicCheckpointIO, RegularCheckpoint, is_trial, read_progress
from gpicl.metatraining.choosing import Choosing
from gpicl.metatraining.config import RunConfig
from gpicl.metatraining.csv_log import CsvLog
from gpicl.metatraining.data_module import EpisodeDataModule
from gpicl.metatraining.initial_weights import begin_with
from gpicl.metatraining.module import MetaTraining
from gpicl.metatraining.placement import device_of, lightning_devices
from gpicl.metatraining.plugins import build_loggers, build_plugins
from gpicl.metatraining.progress import TrainingProgress
from gpicl.metatraining.randomness import StepRandomness
from gpicl.metatraining.run import Run
from gpicl.metatraining.run_lock import run_lock
from gpicl.metatraining.signals import SignalStopError, StopSignals
from gpicl.runtime import freed_memory_kept, lightning_precision, machine_description
from gpicl.tasks import TaskAugmentor
from gpicl.weights import check_can_be_saved, load_weights, save_weights


def meta_train(
    config: RunConfig,
    output: Path | str = "runs",
    say: Callable[[str], object] | None = None,
    fresh: bool = False,
    **trainer_options: Any,
) -> tuple[Run, Learner]:
    """Meta-train a learner, resume an unfinished run, or load a finished one.

    The configuration is checked completely before the first step and before any file is written.

    Args:
        config: Configuration of the run.
        output: Folder of all runs.
        say: Called with progress messages.
        fresh: Start again, and replace the files of an earlier run with this configuration.
        trainer_options: Arguments of Lightning's Trainer, such as `strategy`. `callbacks`, `logger` and `plugins` are
            added to those of the run. Callbacks given here are not part of the run's name: name those that change the
            weights in `training.callbacks`. Options that end training early, such as `max_steps`, leave the run
            unfinished, with a checkpoint. Options for which the configuration has a field are refused.

    Returns:
        The run, and the learner on the CPU. `run.finished` tells whether the budget is used up.

    Raises:
        GpiclError: If the configuration cannot be run, the checkpoint cannot be resumed, or the run was made from
            other data or another version of the learner's code.
        KeyboardInterrupt: On Ctrl-C, after the current step is finished and the checkpoint is written.
        Terminated: On SIGTERM, likewise.
    """
    run = Run(config, output)
    config = run.config
    say = say or (lambda _: None)
    if run.finished and not fresh:
        return _finished(run, say)
    if torch.cuda.is_initialized():  # free what earlier runs of this process left in cycles
        gc.collect()
        torch.cuda.empty_cache()
    features = build_features(config.data, "train")
    training, held_out = build_tasks(config, features)
    learner = _checked_learner(config, training)
    sources = run.sources(None if features is None else features.digest)
    signals = StopSignals()
    checkpoints = RegularCheckpoint(run.checkpoint, config.loop.checkpoint_every, signals, sources)
    choosing = Choosing(config.training)
    trainer = _trainer(config, run, [checkpoints, choosing], trainer_options)
    say = say if trainer.is_global_zero else (lambda _: None)  # the first process reports for all
    make_folder(run.folder)
    with run_lock(run.folder, say):
        if run.finished and not fresh:
            return _finished(run, say)
        if trainer.is_global_zero:
            run.remove_unfinished_writes()
            if fresh:
                run.clear()
        if not learner.num_parameters:
            say(f"{config.learner.name} has nothing to meta-train: {run.folder}")
            run.create()
            _save(run, learner, sources, steps=0, seconds=0.0)
            return run, load_weights(run.folder)
        done = _steps_done(run, learner, sources, say)
        run.create()
        say(f"Resuming at step {done}: {run.folder}" if done else f"Starting: {run.folder}")
        for log in trainer.loggers:
            if isinstance(log, CsvLog):
                log.begin(done)
        module = MetaTraining(learner, config.training, config.tasks.fewest_classes, config.loop)
        batch, measured = config.training.batch, config.loop.validation_episodes
        data = EpisodeDataModule(training, held_out, config.tasks, batch, measured, config.training.first_number)
        with _quiet_lightning(), freed_memory_kept(), _stoppable(signals, trainer, run):
            try:
                trainer.fit(module, data, ckpt_path=run.checkpoint if done else None, weights_only=True)
            except DivergenceError as error:
                if not trainer.is_global_zero:
                    raise
                raise _with_best_kept(error, run, module, choosing, sources) from error
            finally:
                module.release()
            learner = _end(run, trainer, module, checkpoints, choosing, sources, say)
            if signals.received is not None:  # during the last step
                raise SignalStopError(signals.received, trainer.global_step, finished=run.finished)
        return run, learner


def _finished(run: Run, say: Callable[[str], object]) -> tuple[Run, Learner]:
    warning = run.check_unchanged()
    if warning is not None:
        say(f"Warning: {warning}")
    say(f"Finished before: {run.folder}")
    return run, load_weights(run.folder)


def _checked_learner(config: RunConfig, tasks: TaskAugmentor) -> Learner:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        learner = build_run_learner(config, tasks)
        if config.init is not None:
            begin_with(learner, config.init)
        if config.learner.name not in LEARNERS:  # gpicl's own learners have tests for this
            check_learner(learner, tasks.length)
        check_can_be_saved(learner)
    return learner


def _steps_done(run: Run, learner: Learner, sources: dict[str, str | None], say: Callable[[str], object]) -> int:
    if not run.checkpoint.exists():
        return 0
    found = read_progress(run.checkpoint, {name: tensor.shape for name, tensor in learner.state_dict().items()})
    warning = run.compare(found.sources, sources)
    if warning is not None:
        say(f"Warning: {warning}")
    return found.steps


@contextmanager
def _stoppable(signals: StopSignals, trainer: Trainer, run: Run) -> Iterator[None]:
    """Turn a signal into an exit whose message says what was saved and how to continue."""
    try:
        with signals:
            yield
    except SignalStopError as stop:
        raise stop.as_exit(run.folder) from None
    except SystemExit:  # raised by Lightning on a second Ctrl-C
        if signals.received is None:
            raise
        raise KeyboardInterrupt("interrupted. The same command resumes from the last checkpoint.") from None


def _end(
    run: Run,
    trainer: Trainer,
    module: MetaTraining,
    checkpoints: RegularCheckpoint,
    choosing: Choosing,
    sources: dict[str, str | None],
    say: Callable[[str], object],
) -> Learner:
    """Save the weights if the budget is used up, otherwise the checkpoint."""
    steps, config = trainer.global_step, run.config.training
    if module.budget.progress(steps) < 1.0 and not choosing.ended:
        checkpoints.write(trainer)
        kept = "a trial run is not saved" if is_trial(trainer) else "the same call resumes there"
        say(f"Stopped at step {steps}, before the budget was used; {kept}: {run.folder}")
        return module.learner.cpu().eval()
    if trainer.is_global_zero:
        measured: dict[str, Any] = {"unseen_accuracy": _figure(trainer, "unseen_accuracy")}
        measured |= {"chosen_by": config.metric, "best": choosing.value, "best_step": choosing.step}
        if config.best and choosing.step is None:
            say(f"There was no validation within {steps} steps, so these are the last weights, not the best.")
        measured["reports"] = "best" if config.best and choosing.step is not None else "last"
        _keep_best(run, module, choosing, sources)
        choosing.choose(module)
        _save(run, module.learner, sources, steps, module.budget.seconds, **measured)
        run.checkpoint.unlink(missing_ok=True)
    trainer.strategy.barrier()
    return load_weights(run.folder)


def _keep_best(run: Run, module: MetaTraining, choosing: Choosing, sources: dict[str, str | None]) -> Path | None:
    """Save the best weights in the run's folder `best`, which `gpicl evaluate` accepts."""
    if choosing.step is None:
        return None
    best = copy.deepcopy(module.learner).cpu()
    best.load_state_dict(choosing.weights)
    folder = run.folder / "best"
    folder.mkdir(exist_ok=True)
    _save(run, best, sources, choosing.step, module.budget.seconds, folder=folder, best=choosing.value)
    return folder


def _with_best_kept(
    error: DivergenceError, run: Run, module: MetaTraining, choosing: Choosing, sources: dict[str, str | None]
) -> DivergenceError:
    kept = _keep_best(run, module, choosing, sources)
    if kept is None:
        return error
    return DivergenceError(
        f"{error} The weights of step {choosing.step}, the best by {run.config.training.metric} "
        f"({choosing.value:.3f}), are kept in {kept}."
    )


def _save(
    run: Run,
    learner: Learner,
    sources: dict[str, str | None],
    steps: int,
    seconds: float,
    folder: Path | None = None,
    **measured: Any,
) -> None:
    save_weights(
        learner,
        folder or run.folder,
        name=run.folder.name,
        meta_training=run.config.identity(),
        sources=sources,
        steps=steps,
        seconds=round(seconds, 1),
        machine=machine_description(device_of(run.config.loop)),
        **measured,
    )


# Arguments of the Trainer that would change the weights without changing the run's name, and the field for each.
_IN_THE_CONFIGURATION = {
    "accumulate_grad_batches": "training.accumulate",
    "check_val_every_n_epoch": "loop.validate_every",
    "gradient_clip_algorithm": "training.clip",
    "gradient_clip_val": "training.clip",
    "limit_train_batches": "training.steps",
    "limit_val_batches": "loop.validation_episodes",
    "overfit_batches": "tasks.num_tasks",
    "precision": "training.precision",
    "val_check_interval": "loop.validate_every",
}


def _trainer(config: RunConfig, run: Run, own: list[Callback], options: dict[str, Any]) -> Trainer:
    for name in options:
        if name in _IN_THE_CONFIGURATION:
            raise ConfigError(
                f"{name} is no argument of meta_train: it would change the weights, but not the name of the run. Set "
                f"{_IN_THE_CONFIGURATION[name]} in the configuration."
            )
    accelerator = options.pop("accelerator", config.loop.accelerator)
    device = device_of(replace(config.loop, accelerator=accelerator))
    accelerator, devices = lightning_devices(accelerator, config.loop.devices)
    callbacks: list[Callback] = [*own, StepRandomness(config.training.seed, config.training.first_number)]
    if config.loop.progress:
        callbacks.append(TrainingProgress())
    loggers: list[Logger] = [CsvLog(run.log), *_tensorboard(run)]
    # These are always added: a run needs its log and its checkpoints.
    callbacks += build_plugins(config.training.callbacks, Callback, "training.callbacks")
    callbacks += _as_list(options.pop("callbacks", None))
    if any(isinstance(callback, GradientAccumulationScheduler) for callback in callbacks):
        raise ConfigError(
            "Lightning's GradientAccumulationScheduler would shift the episodes of a resumed run. Set "
            "training.accumulate, which divides the batch of every step into parts."
        )
    loggers += build_loggers(config.loop.loggers)
    loggers += [log for log in _as_list(options.pop("logger", None)) if isinstance(log, Logger)]
    plugins = [AtomicCheckpointIO(), *_as_list(options.pop("plugins", None))]
    steps = [n for n in (config.training.max_steps, options.pop("max_steps", None)) if n is not None and n >= 0]
    settings: dict[str, Any] = {
        "accelerator": accelerator if accelerator != "auto" else ("gpu" if device.type == "cuda" else "cpu"),
        "devices": devices,
        "max_steps": min(steps, default=-1),
        "max_epochs": -1,
        "precision": lightning_precision(config.training.precision, device),
        "gradient_clip_val": config.training.clip or None,
        "val_check_interval": config.loop.validate_every,
        "check_val_every_n_epoch": None,
        "num_sanity_val_steps": 0,
        "log_every_n_steps": config.loop.log_every,
        "logger": loggers,
        "callbacks": callbacks,
        "plugins": plugins,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    try:
        with _quiet_lightning(), warnings.catch_warnings():
            # The user asked for the CPU.
            warnings.filterwarnings("ignore", message="GPU available but not used")
            return Trainer(**{**settings, **options})
    except (MisconfigurationException, ImportError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        if "callback" in reason.lower():
            raise ConfigError(
                f"Lightning refuses these training.callbacks: {reason} The run writes its own checkpoints; give every "
                "other callback once."
            ) from error
        raise ConfigError(
            f"Cannot train on loop.accelerator={accelerator!r} with loop.devices={settings['devices']}: {reason} "
            "Choose auto, cpu, gpu or another accelerator of Lightning that this machine has."
        ) from error


def _as_list(given: Any) -> list[Any]:
    if given is None or isinstance(given, bool):
        return []
    return list(given) if isinstance(given, Iterable) else [given]


def _tensorboard(run: Run) -> list[Logger]:
    if find_spec("tensorboard") is None:
        return []
    return [TensorBoardLogger(run.folder, name="tensorboard", version="")]


def _figure(trainer: Trainer, name: str) -> float | None:
    value = trainer.callback_metrics.get(name)
    return None if value is None else round(float(value), 4)


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Silence Lightning's messages about devices, tips and workers, which do not apply or repeat the progress bar."""
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
