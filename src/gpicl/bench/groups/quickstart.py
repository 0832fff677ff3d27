"""A step of the quickstart, and what making its tasks takes of it."""

import statistics
import tempfile
import time
from dataclasses import replace
from typing import Any

from lightning import Callback

from gpicl.bench.cases import CLASSES
from gpicl.bench.entries import Entry, measure_entries
from gpicl.bench.figure import median_figure
from gpicl.bench.flops import count_flops
from gpicl.bench.groups.tasks import batch_demand, making
from gpicl.bench.limits import Demand
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress, timed
from gpicl.bench.training_step import TrainingStep
from gpicl.learners import build_learner
from gpicl.metatraining import RunConfig, load_preset, meta_train
from gpicl.metatraining.build import build_tasks
from gpicl.metatraining.optimisers import build_optimiser

_MAKING, _STEP, _WHOLE = "making a batch of tasks", "forward, backward, optimiser", "a whole step of gpicl train"
# Steps of each short run of `gpicl train`, and how many of them pay for what is set up once.
_STEPS, _FIRST = 8, 2


def measure(setting: Setting, on_progress: Progress) -> Measured:
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
