"""The runs of the plateau: a base, and one thing changed at a time."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from gpicl.experiments.reproduction import Settings
from gpicl.experiments.sweep import SweptRun
from gpicl.metatraining import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
)

BATCH, TASKS, EPSILON, BIAS, OPTIMISER, PATH = (
    "task batch",
    "number of tasks",
    "Adam's epsilon",
    "permutation probability",
    "optimiser",
    "label path",
)
UNLIMITED = "unlimited"
_PATHS = {"tokens": "TokenTransformer", "values": "ValueTransformer"}


class _Size(NamedTuple):
    image: DataConfig
    tasks: TaskConfig
    transformer: dict[str, int]
    training: TrainingConfig
    values: dict[str, tuple[Any, ...]]
    validate_every: int
    episodes: int
    seeds: int
    # By batch. The rate is constant, so that the steps decide nothing but where the run ends.
    steps: dict[int, int] = {}  # noqa: RUF012  # a default that nobody changes


_SIZES = {
    "smoke": _Size(
        DataConfig(size=3),
        TaskConfig(length=12),
        {"layers": 1, "width": 8, "heads": 1, "key_size": 8},
        TrainingConfig(steps=3, batch=2, optimiser="adam"),
        {BATCH: (1, 2), TASKS: (4, UNLIMITED), EPSILON: (1e-8,), BIAS: (1.0,), OPTIMISER: ("muon",), PATH: ("values",)},
        validate_every=1,
        episodes=4,
        seeds=1,
    ),
    "laptop": _Size(
        DataConfig(size=8),
        TaskConfig(length=32, num_features=16, num_classes=5, repetition_probability=0.5, repeated_images=5),
        {"layers": 2, "width": 32, "heads": 1, "key_size": 32},
        TrainingConfig(steps=3000, batch=64, optimiser="adam", learning_rate=0.001, decay="constant"),
        {
            BATCH: (16, 32, 64, 128, 256),
            TASKS: (16, 256, 4096, 65_536, UNLIMITED),
            EPSILON: (1e-12, 1e-8, 1e-5, 1e-3),
            BIAS: (1.0, 0.5, 0.1),
            OPTIMISER: ("adam", "muon"),
            PATH: ("tokens", "values"),
        },
        validate_every=50,
        episodes=1024,
        seeds=2,
        steps={16: 8000, 32: 5000, 128: 2000, 256: 1500},
    ),
    "paper": _Size(
        DataConfig(size=32, channels=3),
        TaskConfig(num_tasks=2**16),
        {"layers": 4, "width": 256, "heads": 8, "key_size": 32},
        TrainingConfig(steps=50_000, batch=512, optimiser="adam", learning_rate=0.001, decay="constant"),
        {
            BATCH: tuple(2**n for n in range(5, 13)),
            TASKS: (*(2**n for n in range(4, 25, 4)), UNLIMITED),
            EPSILON: (1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3),
            BIAS: (1.0, 0.5, 0.25, 0.1),
            OPTIMISER: ("adam", "muon"),
            PATH: ("tokens", "values"),
        },
        validate_every=100,
        episodes=4096,
        seeds=3,
    ),
}


def make_grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs; the base stands in every axis, and is run once.

    Args:
        settings: Scale, data sets and seeds.
    """
    size = _SIZES[settings.scale]
    source = settings.source("mnist")
    runs = []
    for axis, value, tasks, learner, training in _changes(size):
        for seed in range(settings.seeds or size.seeds):
            options: dict[str, Any] = dict(size.transformer)
            if learner == _PATHS["tokens"]:
                options["max_length"] = tasks.length
            config = RunConfig(
                replace(size.image, dataset=source),
                tasks,
                LearnerConfig(learner, options),
                replace(training, seed=seed),
                TestingConfig([source], ["unseen"], size.episodes),
                LoopConfig(progress=False, checkpoint_every=500, validate_every=size.validate_every),
            )
            runs.append(SweptRun(config, {"axis": axis, "value": str(value), "seed": seed}))
    return runs


def _changes(size: _Size) -> Iterator[tuple[str, Any, TaskConfig, str, TrainingConfig]]:
    tasks, training, learner = size.tasks, size.training, _PATHS["tokens"]
    for value in size.values[BATCH]:
        steps = size.steps.get(value, training.steps)
        yield BATCH, value, tasks, learner, replace(training, batch=value, steps=steps)
    for value in size.values[TASKS]:
        number = None if value == UNLIMITED else value
        yield TASKS, value, replace(tasks, num_tasks=number), learner, training
    for value in size.values[EPSILON]:
        yield EPSILON, value, tasks, learner, replace(training, epsilon=value)
    for value in size.values[BIAS]:
        yield BIAS, value, replace(tasks, permutation_probability=value), learner, training
    for value in size.values[OPTIMISER]:
        yield OPTIMISER, value, tasks, learner, replace(training, optimiser=value)
    for value in size.values[PATH]:
        yield PATH, value, tasks, _PATHS[value], training
