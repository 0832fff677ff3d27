"""The cost of a grid, estimated before it starts."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.table import Table

from gpicl.data import FeatureDataset
from gpicl.experiments.reproduction.gpu_timing import timed_run
from gpicl.experiments.reproduction.settings import Settings
from gpicl.experiments.sweep import SweptRun, is_done
from gpicl.learners import build_learner
from gpicl.metatraining import RunConfig
from gpicl.metatraining.build import build_augmentor
from gpicl.metatraining.loss import all_position_loss
from gpicl.runtime import lightning_precision, machine_description

# Episodes that are timed at once; one if they are as large as the paper's.
_TIMED, _LARGE = 16, 2**20
_REPEATS = 3

# Fields that the time of an episode does not depend on: the optimiser is not timed, and random pixels replace data.
_FREE = frozenset(
    "data.dataset data.root tasks.anneal_steps testing.datasets testing.tasks testing.episodes training.steps "
    "training.minutes training.optimiser training.learning_rate training.matrix_learning_rate "
    "training.matrix_weight_decay training.epsilon "
    "training.warmup training.decay training.clip training.seed".split()
)

RULE = (
    "Core hours on this machine: CPU time of a short run of each kind on one thread with random pixels (a few "
    "episodes, one step, one meta-test), times the number of episodes. The optimiser, checkpoints, start-up and the "
    "comparison's classical learners are not included. Runs shared with an earlier experiment are counted only there. "
    "Divide by the number of cores in use."
)


GPU_RULE = (
    "GPU minutes: a short run of each kind on this GPU (120 steps on random images, including tasks, loop and log, and "
    "a meta-test of 128 episodes), times the number of steps and episodes. Start-up (about ten seconds per run) and "
    "the comparison's classical learners (minutes of one core) are not included. Runs shared with an earlier "
    "experiment are counted only there. Several runs at once on one GPU take about as long as one after another."
)
NO_GPU = "GPU minutes are timed on a GPU, and PyTorch sees none here: these are core hours. "


class EpisodeTime(NamedTuple):
    """Time per episode.

    Attributes:
        training: Seconds in meta-training; 0 for a learner with nothing to meta-train.
        testing: Seconds in meta-testing.
    """

    training: float
    testing: float


def estimate(runs: Sequence[SweptRun], settings: Settings, counted: Collection[Path] = ()) -> pd.DataFrame:
    """Estimate the cost of the unfinished runs of a grid.

    Args:
        runs: The grid; duplicate configurations count once.
        settings: Settings with the folder of finished runs.
        counted: Folders of runs that were counted before and are skipped.

    Returns:
        One row per learner: `learner`, `runs`, `finished`; `steps` and `hours` of the unfinished runs, in GPU hours if
        `on_gpu`, else in core hours.
    """
    gpu = on_gpu(settings)
    times: dict[str, EpisodeTime] = {}
    rows: list[dict[str, Any]] = []
    for folder, run in {run.folder(settings.output): run for run in runs}.items():
        if folder in counted:
            continue
        config = run.config
        finished = is_done(run, folder)
        row = {"learner": config.learner.name.rpartition(".")[2], "runs": 1, "finished": int(finished)}
        if finished:
            rows.append({**row, "steps": 0, "hours": 0.0})
            continue
        timed = _timed(config, None if gpu else _TIMED)
        if timed not in times:
            times[timed] = (
                EpisodeTime(*timed_run(config, torch.device(settings.device or "cuda")))
                if gpu
                else time_of_episode(config)
            )
        rows.append({**row, **_left(config, times[timed])})
    columns = ["learner", "runs", "finished", "steps", "hours"]
    return pd.DataFrame(rows, columns=columns).groupby("learner", sort=False).sum().reset_index()


def on_gpu(settings: Settings) -> bool:
    """Whether the estimate is in GPU minutes, timed on this machine's GPU.

    Args:
        settings: With scale `gpu` on a machine with a GPU it is, unless the device is the CPU.
    """
    return settings.scale == "gpu" and settings.device != "cpu" and torch.cuda.is_available()


def _timed(config: RunConfig, most: int | None) -> str:
    """Describe everything that the time of an episode may depend on; runs with the same description are timed once.

    WHY a list of exclusions: a field that is added later counts until it is known to cost nothing.

    Args:
        config: The run.
        most: Batch size above which cost is proportional to the batch; None if the batch size itself matters.
    """
    parts = {part: fields for part, fields in asdict(config).items() if part not in ("loop", "init")}
    values = {f"{part}.{name}": value for part, fields in parts.items() for name, value in fields.items()}
    values["training.batch"] = min(config.training.batch, most or config.training.batch)
    # Nothing is stored per task, so a finite number of tasks does not matter.
    values["tasks.num_tasks"] = config.tasks.num_tasks is None
    return json.dumps({name: value for name, value in values.items() if name not in _FREE})


def _left(config: RunConfig, episode: EpisodeTime) -> dict[str, Any]:
    tested = config.testing.episodes * len(config.testing.datasets) * len(config.testing.tasks)
    steps = (config.training.max_steps or 0) if episode.training else 0
    trained = steps * config.training.batch * episode.training
    if config.training.minutes is not None and episode.training:
        trained = 60 * config.training.minutes
    return {"steps": steps, "hours": (trained + tested * episode.testing) / 3600}


def time_of_episode(config: RunConfig) -> EpisodeTime:
    """Time making an episode and learning from it.

    Args:
        config: The run. Its data set is not read: random pixels of the same number replace it.
    """
    pixels = _pixels(config)
    features = config.tasks.num_features or pixels
    batch = min(config.training.batch, 1 if pixels * features > _LARGE else _TIMED)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (256, pixels), dtype=np.uint8)
    side = config.data.size or 28
    shape = (side, side, config.data.channels or 1)
    source = build_augmentor(config, FeatureDataset.from_arrays(images, np.arange(256) % 10, image_shape=shape))
    learner = build_learner(config.learner.name, source.num_features, source.num_classes, **config.learner.options)
    in_bf16 = lightning_precision(config.training.precision, torch.device("cpu")) == "bf16-mixed"
    length = config.test_length
    positions = config.testing.positions_of(length)
    training, testing = [], []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for repeat in range(_REPEATS):
        started = time.process_time()  # not the clock: other processes may be using the machine
        inputs, labels = source.episodes(range(repeat * batch, (repeat + 1) * batch))
        made = time.process_time()
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=in_bf16):
            learner.predict(inputs[:, :length], labels[:, :length], positions)
        tested = time.process_time()
        if learner.num_parameters:
            with torch.autocast("cpu", torch.bfloat16, enabled=in_bf16):
                loss = all_position_loss(*learner.training_logits(inputs, labels, repeat))
            loss.backward()
            training.append(time.process_time() - tested + made - started)
        testing.append(tested - started)
    torch.set_num_threads(threads)
    return EpisodeTime(min(training, default=0.0) / batch, min(testing) / batch)


def _pixels(config: RunConfig) -> int:
    return (config.data.size or 28) ** 2 * (config.data.channels or 1)


def print_costs(costs: Mapping[str, pd.DataFrame], settings: Settings, console: Console | None = None) -> None:
    """Print the estimated costs of experiments.

    Args:
        costs: See `estimate`, by the name of the experiment.
        settings: Settings of the estimate.
        console: Console to print to; None for standard output.
    """
    console = console or Console()
    table = Table("experiment", "learner", title=f"Scale {settings.scale}: what is left to do")
    gpu = on_gpu(settings)
    for column in ("runs", "finished", "steps", "GPU minutes" if gpu else "core hours"):
        table.add_column(column, justify="right")
    for name, rows in costs.items():
        for _, row in rows.iterrows():
            table.add_row(name, str(row["learner"]), *_cells(row, gpu))
        table.add_section()
    total = pd.concat(list(costs.values()))[["runs", "finished", "steps", "hours"]].sum()
    table.add_row("all", "", *_cells(total, gpu))
    console.print(table)
    machine = torch.cuda.get_device_name() if gpu else machine_description()
    rule = GPU_RULE if gpu else (NO_GPU if settings.scale == "gpu" else "") + RULE
    console.print(f"{rule} This machine: {machine}.", soft_wrap=True)


def _cells(row: "pd.Series[float]", gpu: bool) -> list[str]:
    time_ = 60 * row["hours"] if gpu else row["hours"]
    text = f"{time_:,.1f}" if time_ >= 10 else f"{time_:.3f}"
    return [*(f"{row[name]:,.0f}" for name in ("runs", "finished", "steps")), text]
