"""The runs of the embeddings: kinds of features x seeds."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from gpicl.experiments.embeddings.kinds import CONVOLUTION, GIVEN, PCA, PIXELS, archive_of, size_of
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

_NAMES = ("mnist", "fashion_mnist")


class _Size(NamedTuple):
    length: int
    learner: LearnerConfig
    training: TrainingConfig
    episodes: int
    seeds: int


_SIZES = {
    "smoke": _Size(
        12,
        LearnerConfig("ValueTransformer", {"layers": 1, "width": 8, "heads": 1, "key_size": 8}),
        TrainingConfig(steps=2, batch=2),
        episodes=4,
        seeds=1,
    ),
    "laptop": _Size(
        100,
        LearnerConfig("ValueTransformer", {"layers": 2, "width": 64, "heads": 2, "key_size": 32}),
        TrainingConfig(steps=1500, batch=32, optimiser="muon", learning_rate=0.003),
        episodes=2048,
        seeds=3,
    ),
    "paper": _Size(
        100,
        LearnerConfig("ValueTransformer", {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
        TrainingConfig(steps=50_000, batch=128, optimiser="muon", learning_rate=0.003),
        episodes=4096,
        seeds=3,
    ),
}


def make_grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs.

    Args:
        settings: Scale, data sets, seeds, and archives if the user gives any.
    """
    size = _SIZES[settings.scale]
    return [
        SweptRun(
            RunConfig(
                data,
                TaskConfig(length=size.length, num_features=None if kind == GIVEN else size_of(settings).features),
                size.learner,
                replace(size.training, seed=seed),
                TestingConfig(tested, ["unseen"], size.episodes),
                swept_loop(size.training.steps, 6),
            ),
            {"features": kind, "seed": seed},
        )
        for kind, (data, tested) in _data(settings).items()
        for seed in range(settings.seeds or size.seeds)
    ]


def _data(settings: Settings) -> dict[str, tuple[DataConfig, list[str]]]:
    """What is meta-trained and meta-tested on, by the kind of features."""
    if settings.features is not None:
        train, test = (f"{Path(archive).stem}={archive}" for archive in settings.features)
        return {GIVEN: (DataConfig(train), [test])}
    size = size_of(settings)
    found = {PIXELS: (DataConfig(settings.source("mnist"), size=size.pixels), [settings.source(n) for n in _NAMES])}
    # Of features only the number counts, and it is a square: of an image of which they would be the pixels.
    side = round(size.features**0.5)
    for kind in (PCA, CONVOLUTION):
        train, test = (f"{settings.label(name)}={archive_of(settings, kind, name)}" for name in _NAMES)
        found[kind] = (DataConfig(train, size=side), [train, test])
    return found
