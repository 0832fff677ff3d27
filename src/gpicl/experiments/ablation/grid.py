"""The runs of the ablation: learners x variants x seeds."""

from dataclasses import replace
from typing import Any, NamedTuple

from gpicl.experiments.ablation.variants import (
    FAULTS,
    HEAD,
    MLP,
    NORMALISATION,
    PLATEAU,
    RELU,
    SCALE,
    TASKS,
    TRANSFORMER,
    variants,
)
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

_FEW = 2**15


class _Size(NamedTuple):
    image: DataConfig
    length: int
    transformer: dict[str, Any]
    heads: int
    mlp: dict[str, Any]
    help: TaskConfig
    training: TrainingConfig
    num_tasks: int | None
    episodes: int
    seeds: int


_SIZES = {
    "smoke": _Size(
        DataConfig(size=3),
        length=12,
        transformer={"layers": 1, "width": 8, "key_size": 4, "max_length": 12},
        heads=2,
        mlp={"depth": 1, "width": 4},
        help=TaskConfig(permutation_probability=0.1, repetition_probability=0.5, anneal_steps=1),
        training=TrainingConfig(steps=2, batch=2),
        num_tasks=None,
        episodes=4,
        seeds=1,
    ),
    "laptop": _Size(
        DataConfig(size=8),
        length=100,
        transformer={"layers": 3, "width": 64, "key_size": 32},
        heads=2,
        mlp={"depth": 2, "width": 64},
        help=TaskConfig(permutation_probability=0.1, repetition_probability=0.5, anneal_steps=1000),
        training=TrainingConfig(steps=1600, batch=64, optimiser="muon", learning_rate=0.003),
        num_tasks=None,
        episodes=1024,
        seeds=2,
    ),
    "paper": _Size(
        DataConfig(size=28),
        length=100,
        transformer={"layers": 4, "width": 256, "key_size": 32},
        heads=8,
        mlp={"depth": 2, "width": 256},
        help=TaskConfig(permutation_probability=0.1, anneal_steps=25_000),
        training=TrainingConfig(steps=50_000, batch=128, optimiser="adam", learning_rate=0.001),
        num_tasks=2**24,
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
    return [
        SweptRun(
            _config(settings, size, learner, faults, seed),
            {"learner": learner, "variant": variant, "seed": seed},
        )
        for learner in FAULTS
        for variant, faults in variants(learner)
        for seed in range(settings.seeds or size.seeds)
    ]


def _config(settings: Settings, size: _Size, learner: str, faults: frozenset[str], seed: int) -> RunConfig:
    options: dict[str, Any] = {"small": SCALE in faults, "normalised": NORMALISATION in faults}
    tasks = TaskConfig(length=size.length)
    if learner == TRANSFORMER:
        name = "gpicl.experiments.ablation.earlier_transformer.EarlierTransformer"
        options |= {**size.transformer, "heads": 1 if HEAD in faults else size.heads}
        tasks = replace(tasks if PLATEAU in faults else size.help, length=size.length)
        tasks.num_tasks = _FEW if TASKS in faults else size.num_tasks
    if learner == MLP:
        # Nothing is meta-trained: the seed is that of the network which every episode starts from.
        name = "gpicl.experiments.ablation.earlier_sgd.EarlierSGD"
        options |= {**size.mlp, "final_relu": RELU in faults, "seed": seed}
    return RunConfig(
        replace(size.image, dataset=settings.source("mnist")),
        tasks,
        LearnerConfig(name, options),
        replace(size.training, seed=seed),
        TestingConfig([settings.source(each) for each in ("mnist", "fashion_mnist")], ["unseen"], size.episodes),
        swept_loop(size.training.steps, 10),
    )
