"""The runs of the heat map: learners x number of tasks x model size."""

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

MLP, TOKEN, VALUE = "MLP", "TokenTransformer", "ValueTransformer"


class _Size(NamedTuple):
    image: DataConfig
    length: int
    tasks: tuple[int, ...]
    widths: tuple[int, ...]
    layers: int
    head_width: int
    key_size: int
    steps: dict[str, int]
    batch: int
    episodes: int
    seeds: int


_SIZES = {
    "smoke": _Size(
        DataConfig(size=3), 12, (1, 64), (2, 4), 1, 4, 4, {MLP: 2, TOKEN: 2, VALUE: 2}, batch=2, episodes=4, seeds=1
    ),
    "laptop": _Size(
        DataConfig(size=8),
        100,
        tuple(2**n for n in (0, 3, 6, 9, 12, 15)),
        (8, 16, 32, 64),
        layers=2,
        head_width=32,
        key_size=32,
        steps={MLP: 1000, TOKEN: 2000, VALUE: 1000},
        batch=32,
        episodes=1024,
        seeds=1,
    ),
    "paper": _Size(
        DataConfig(size=32, channels=3),
        100,
        tuple(2**n for n in range(0, 25, 2)),
        tuple(2**n for n in range(1, 10)),
        layers=4,
        head_width=32,
        key_size=32,
        steps={MLP: 50_000, TOKEN: 50_000, VALUE: 50_000},
        batch=4096,
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
            _config(settings, size, learner, num_tasks, width, seed),
            {"learner": learner, "num_tasks": num_tasks, "width": width, "seed": seed},
        )
        for learner in (MLP, TOKEN, VALUE)
        for num_tasks in size.tasks
        for width in size.widths
        for seed in range(settings.seeds or size.seeds)
    ]


def _config(settings: Settings, size: _Size, learner: str, num_tasks: int, width: int, seed: int) -> RunConfig:
    source = settings.source("mnist")
    steps = size.steps[learner]
    options: dict[str, Any] = {"width": width}
    tasks = TaskConfig(num_tasks=num_tasks, length=size.length)
    if learner != MLP:
        # A head is as wide whatever the width (paper), and a wide stream has more of them.
        heads = max(1, width // size.head_width) if settings.scale != "paper" else 8
        options |= {"layers": size.layers, "heads": heads, "key_size": size.key_size}
    if learner == TOKEN:
        # What helps it off its plateau: bias, and on a laptop repetitions too (docs/lab-notebook.md).
        tasks.permutation_probability = 0.1
        tasks.repetition_probability = 0.0 if settings.scale == "paper" else 0.5
        tasks.anneal_steps = steps // 2
    optimiser: Any = "adam" if learner == MLP or settings.scale == "paper" else "muon"
    rate = 0.001 if settings.scale == "paper" else 0.003
    return RunConfig(
        DataConfig(source, size=size.image.size, channels=size.image.channels),
        tasks,
        LearnerConfig(learner, options),
        TrainingConfig(steps=steps, batch=size.batch, optimiser=optimiser, learning_rate=rate, seed=seed),
        TestingConfig([source], tasks=["seen", "unseen"], episodes=size.episodes),
        LoopConfig(progress=False, checkpoint_every=200, validate_every=max(1, steps // 4)),
    )
