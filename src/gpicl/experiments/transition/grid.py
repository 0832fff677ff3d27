"""The runs of the transition: number of tasks x seeds."""

from dataclasses import replace
from typing import Any, NamedTuple

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


class _Size(NamedTuple):
    image: DataConfig
    exponents: tuple[int, ...]
    learner: LearnerConfig
    training: TrainingConfig
    length: int
    episodes: int
    seeds: int
    permutation_probability: float = 1.0


def _learner(name: str, **options: Any) -> LearnerConfig:
    return LearnerConfig(name, options)


_SIZES = {
    "smoke": _Size(
        DataConfig(size=3),
        (0, 6),
        _learner("ValueTransformer", layers=1, width=8, heads=1, key_size=8),
        TrainingConfig(steps=2, batch=2),
        length=12,
        episodes=4,
        seeds=2,
    ),
    "laptop": _Size(
        DataConfig(size=8),
        (0, 2, 4, 6, 8, 9, 10, 12, 14),
        _learner("ValueTransformer", layers=2, width=64, heads=2, key_size=32),
        TrainingConfig(steps=1200, batch=32, optimiser="muon", learning_rate=0.003),
        length=100,
        episodes=1024,
        seeds=3,
    ),
    "paper": _Size(
        DataConfig(size=32, channels=3),
        tuple(range(0, 25)),
        _learner("TokenTransformer", layers=4, width=256, heads=8, key_size=32),
        TrainingConfig(steps=50_000, batch=512, optimiser="adam", learning_rate=0.001, decay="constant"),
        length=100,
        episodes=4096,
        seeds=5,
        permutation_probability=0.1,
    ),
}


def make_grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs.

    Args:
        settings: Scale, data sets and seeds.
    """
    size = _SIZES[settings.scale]
    steps = size.training.steps or 1
    return [
        SweptRun(
            RunConfig(
                replace(size.image, dataset=settings.source("mnist")),
                TaskConfig(
                    num_tasks=2**exponent,
                    length=size.length,
                    permutation_probability=size.permutation_probability,
                    anneal_steps=steps // 2 if size.permutation_probability < 1 else 0,
                ),
                size.learner,
                replace(size.training, seed=seed),
                TestingConfig(
                    [settings.source("mnist"), settings.source("fashion_mnist")], ["seen", "unseen"], size.episodes
                ),
                swept_loop(steps, 4),
            ),
            {"num_tasks": 2**exponent, "seed": seed},
        )
        for exponent in size.exponents
        for seed in range(settings.seeds or size.seeds)
    ]
