"""The runs of the learning curve: what is meta-trained on x seeds."""

from dataclasses import replace
from typing import NamedTuple

from gpicl.experiments.reproduction import Settings
from gpicl.experiments.sweep import SweptRun, swept_loop
from gpicl.metatraining import (
    DataConfig,
    LearnerConfig,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
)

SOURCES = ("mnist", "fashion_mnist")


class _Size(NamedTuple):
    image: DataConfig
    tasks: TaskConfig
    learner: LearnerConfig
    training: TrainingConfig
    episodes: int
    seeds: int


_SIZES = {
    "smoke": _Size(
        DataConfig(size=3),
        TaskConfig(length=12),
        LearnerConfig("ValueTransformer", {"layers": 1, "width": 8, "heads": 1, "key_size": 8}),
        TrainingConfig(steps=2, batch=2),
        episodes=4,
        seeds=1,
    ),
    "laptop": _Size(
        DataConfig(size=8),
        TaskConfig(),
        LearnerConfig("ValueTransformer", {"layers": 3, "width": 64, "heads": 2, "key_size": 32}),
        TrainingConfig(steps=1500, batch=64, optimiser="muon", learning_rate=0.003),
        episodes=4096,
        seeds=3,
    ),
    "paper": _Size(
        DataConfig(size=32, channels=3),
        TaskConfig(num_tasks=2**24, permutation_probability=0.1, anneal_steps=25_000),
        LearnerConfig("TokenTransformer", {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
        TrainingConfig(steps=50_000, batch=4096, optimiser="adam", learning_rate=0.001, decay="constant"),
        episodes=4096,
        seeds=3,
    ),
}


def make_grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs.

    Args:
        settings: Scale, data sets and seeds.
    """
    size = _SIZES[settings.scale]
    tested = [settings.source(name) for name in SOURCES]
    return [
        SweptRun(
            RunConfig(
                replace(size.image, dataset=settings.source(name)),
                size.tasks,
                size.learner,
                replace(size.training, seed=seed),
                TestingConfig(tested, ["unseen"], size.episodes),
                swept_loop(size.training.steps, 6),
            ),
            {"trained_on": settings.label(name), "seed": seed},
        )
        for name in SOURCES
        for seed in range(settings.seeds or size.seeds)
    ]
