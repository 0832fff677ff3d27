"""The runs of the heat map: learners x number of tasks x model size."""

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

MLP, TOKEN, VALUE = "MLP", "TokenTransformer", "ValueTransformer"


class _Schedule(NamedTuple):
    layers: int
    steps: int
    batch: int


class _Size(NamedTuple):
    image: DataConfig
    length: int
    tasks: tuple[int, ...]
    widths: tuple[int, ...]
    schedules: dict[str, _Schedule]
    key_size: int
    episodes: int
    seeds: int


_SIZES = {
    "smoke": _Size(
        DataConfig(size=3),
        12,
        (1, 64),
        (2, 4),
        {MLP: _Schedule(0, 2, 2), TOKEN: _Schedule(1, 2, 2), VALUE: _Schedule(1, 2, 2)},
        key_size=4,
        episodes=4,
        seeds=1,
    ),
    "laptop": _Size(
        DataConfig(size=8),
        100,
        tuple(2**n for n in (0, 3, 6, 9, 12, 15)),
        (8, 16, 32, 64),
        # The paper's learner takes its time: at half the batch it was still on its plateau after 2,000 steps.
        {MLP: _Schedule(0, 1000, 32), TOKEN: _Schedule(3, 1600, 64), VALUE: _Schedule(2, 1000, 32)},
        key_size=32,
        episodes=1024,
        seeds=1,
    ),
    "paper": _Size(
        DataConfig(size=32, channels=3),
        100,
        tuple(2**n for n in range(0, 25, 2)),
        tuple(2**n for n in range(1, 10)),
        {MLP: _Schedule(0, 50_000, 512), TOKEN: _Schedule(4, 50_000, 512), VALUE: _Schedule(4, 50_000, 512)},
        key_size=32,
        episodes=4096,
        seeds=1,
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
    layers, steps, batch = size.schedules[learner]
    options: dict[str, Any] = {"width": width}
    tasks = TaskConfig(num_tasks=num_tasks, length=size.length)
    if learner != MLP:
        # A head is as wide whatever the width (paper). The paper has eight of them; on a laptop a wide stream has two.
        heads = 8 if settings.scale == "paper" else max(1, width // size.key_size)
        options |= {"layers": layers, "heads": heads, "key_size": size.key_size}
    if learner == TOKEN:
        # What helps it off its plateau: bias, and on a laptop repetitions too (docs/lab-notebook.md).
        tasks.permutation_probability = 0.1
        tasks.repetition_probability = 0.0 if settings.scale == "paper" else 0.5
        tasks.anneal_steps = 5 * steps // 8
    optimiser: Any = "adam" if learner == MLP or settings.scale == "paper" else "muon"
    rate = 0.001 if settings.scale == "paper" else 0.003
    return RunConfig(
        DataConfig(source, size=size.image.size, channels=size.image.channels),
        tasks,
        LearnerConfig(learner, options),
        TrainingConfig(steps=steps, batch=batch, optimiser=optimiser, learning_rate=rate, seed=seed),
        TestingConfig([source], tasks=["seen", "unseen"], episodes=size.episodes),
        swept_loop(steps, 4),
    )
