"""Making tasks, and what it takes of meta-testing and of a step of the quickstart."""

import statistics
import tempfile
import time
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import numpy as np
from lightning import Callback

from gpicl.bench.figures import median_figure
from gpicl.bench.flops import count_flops, forward_flops
from gpicl.bench.limits import Demand, Entry, measure_entries
from gpicl.bench.setting import CLASSES, Measured, Setting, learner_case
from gpicl.bench.steps import TrainingStep
from gpicl.bench.timing import Progress, Sampler, timed
from gpicl.data import FeatureDataset, ImageDataset, preprocess
from gpicl.learners import build_learner
from gpicl.metatesting import evaluate
from gpicl.metatraining import RunConfig, load_preset, meta_train
from gpicl.metatraining.build import build_tasks
from gpicl.metatraining.optimisers import build_optimiser
from gpicl.tasks import TaskAugmentor

_IMAGES = 2000
_FINITE = 2**16
# A task of a finite number draws a matrix of N x N normals. Where that is this many, a few episodes have to do.
_LARGE = 2**22
_FEW = 4


def measure_tasks(setting: Setting, on_progress: Progress) -> Measured:
    """Time batches of episodes at several sizes, of unlimited and of finitely many tasks."""
    scale = setting.scale
    entries = []
    for size, channels in scale.images:
        dataset = random_images(size, channels)
        for name, num_tasks in (("unlimited", None), ("2^16 tasks", _FINITE)):
            tasks = TaskAugmentor(dataset, num_tasks=num_tasks, length=scale.length)
            large = num_tasks is not None and tasks.num_features**2 > _LARGE
            batch = min(_FEW, scale.batch) if large else scale.batch
            entries.append(
                Entry(
                    f"{size}x{size}x{channels}, {name}",
                    making(tasks, batch),
                    batch_demand(tasks, batch),
                    batch,
                    "episodes",
                )
            )
    figures, _ = measure_entries("tasks", entries, setting, on_progress)
    return Measured(figures, [])


def random_images(size: int, channels: int) -> FeatureDataset:
    """Make images of noise in ten classes.

    Args:
        size: Height and width.
        channels: 1 or 3.
    """
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (_IMAGES, size, size, channels), dtype=np.uint8)
    labels = np.arange(_IMAGES) % 10
    return preprocess(ImageDataset.from_arrays(pixels, labels), size, channels)


def making(tasks: TaskAugmentor, batch: int) -> Sampler:
    """Make a sampler of the seconds of a batch, other draws every time.

    Args:
        tasks: The tasks.
        batch: Episodes.
    """
    firsts = count(0, batch)
    return timed(lambda: tasks.episodes(range(first := next(firsts), first + batch)))


def batch_demand(tasks: TaskAugmentor, batch: int) -> Demand:
    """Say what a batch needs at least: normals, products, and a way from and to memory.

    Args:
        tasks: The tasks.
        batch: Episodes.
    """
    T, N, F = tasks.length, tasks.num_inputs, tasks.num_features
    traffic = batch * T * (N + 4 * F)
    if tasks.num_tasks is not None or T >= N:
        return Demand({"fp32": batch * 2 * T * N * F}, batch * N * F, traffic)
    # Half of a symmetric Gram matrix; a triangular factor; its product with the normals.
    single, double = T * T * F, T**3 / 3
    if tasks.widen.get("spectrum"):  # of components, which are looked up, and no longer whole numbers
        double += T * T * N
        traffic += batch * T * 3 * N
    else:
        single += T * T * N
    return Demand({"fp32": batch * single, "fp64": batch * double}, batch * T * F, traffic)


_LEARNERS = ("KernelTransformer", "TokenTransformer", "ValueTransformer")
# Batches of a step that are tested at once: without gradients twice as many fit.
_BATCHES = 2


def measure_metatest(setting: Setting, on_progress: Progress) -> Measured:
    """Time `evaluate` on unseen tasks of the smallest images, tasks included."""
    scale = setting.scale
    dataset = random_images(*scale.images[0])
    tasks = TaskAugmentor(dataset, length=scale.length)
    episodes = 2 * _BATCHES * scale.batch
    entries = []
    for name in _LEARNERS:
        case = learner_case(name, scale)._replace(num_features=tasks.num_features)
        learner = case.build()
        making = batch_demand(tasks, episodes)
        flops = {**making.flops}
        flops[setting.kind] = flops.get(setting.kind, 0.0) + forward_flops(learner, episodes, scale.length)
        test = partial(
            evaluate,
            learner,
            {"images": dataset},
            episodes=episodes,
            length=scale.length,
            batch=_BATCHES * scale.batch,
            precision=setting.kind,
        )
        entries.append(Entry(name, timed(test), Demand(flops, making.normals, making.traffic), episodes, "episodes"))
    figures, _ = measure_entries("metatest", entries, setting, on_progress)
    return Measured(figures, [])


_MAKING, _STEP, _WHOLE = "making a batch of tasks", "forward, backward, optimiser", "a whole step of gpicl train"
# Steps of each short run of `gpicl train`, and how many of them pay for what is set up once.
_STEPS, _FIRST = 8, 2


def measure_quickstart(setting: Setting, on_progress: Progress) -> Measured:
    """Time the parts of a step on their own, and whole steps of the real meta-training."""
    config = _config(setting)
    batch, length = config.training.batch, config.tasks.length
    tasks, _ = build_tasks(config)
    learner = build_learner(config.learner.name, tasks.num_features, CLASSES, **config.learner.options)
    optimiser = build_optimiser(learner, config.training)
    shape = (batch, length, tasks.num_features)
    step = TrainingStep(learner, shape, setting, optimiser, config.training.clip)
    in_float32 = TrainingStep(learner, shape, setting._replace(kind="fp32"), optimiser)
    learning: dict[str, float] = {setting.kind: count_flops(in_float32)}
    made = batch_demand(tasks, batch)
    both = {kind: made.flops.get(kind, 0.0) + learning.get(kind, 0.0) for kind in {*made.flops, *learning}}
    entries = [
        Entry(_MAKING, making(tasks, batch), made, batch, "episodes"),
        Entry(_STEP, timed(step), Demand(learning), batch * length, "tokens"),
        Entry(_WHOLE, lambda: _real_step(config), made._replace(flops=both), batch * length, "tokens"),
    ]
    figures, samples = measure_entries("quickstart", entries, setting, on_progress)
    pairs = zip(samples[_MAKING], samples[_WHOLE], strict=True)
    figures.append(median_figure("quickstart", f"{_MAKING}, of a whole step", [100 * a / b for a, b in pairs], "%"))
    return Measured(figures, [])


def _config(setting: Setting) -> RunConfig:
    """The preset with images that are always at hand, a few steps, and nothing between them."""
    scale, preset = setting.scale, load_preset("quickstart")
    size, channels = scale.images[0]
    return replace(
        preset,
        data=replace(preset.data, dataset="digits", size=size, channels=channels),
        tasks=replace(preset.tasks, length=scale.length),
        training=replace(preset.training, minutes=None, steps=_STEPS, batch=scale.batch, precision=setting.kind),
        loop=replace(preset.loop, validate_every=_STEPS + 1, progress=False),
    )


def _real_step(config: RunConfig) -> list[float]:
    """Meta-train for a few steps, and give the median of the seconds from one to the next."""
    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        meta_train(config, folder, callbacks=[clock])
    return [statistics.median(b - a for a, b in zip(clock.times[_FIRST:], clock.times[_FIRST + 1 :], strict=False))]


class _Clock(Callback):
    """Notes when every step begins."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_train_batch_start(self, *_: Any) -> None:
        self.times.append(time.perf_counter())
