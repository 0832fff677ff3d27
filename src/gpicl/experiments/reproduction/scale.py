"""Scales of an experiment: three base runs, the changes that an experiment makes, and the resulting grid."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gpicl.experiments.reproduction.settings import ScaleName, Settings
from gpicl.experiments.sweep import SweptRun, swept_loop
from gpicl.metatraining import DataConfig, LearnerConfig, RunConfig, TaskConfig, TestingConfig, TrainingConfig

BASES: dict[ScaleName, RunConfig] = {
    "smoke": RunConfig(
        DataConfig(size=3),
        TaskConfig(length=12),
        LearnerConfig("ValueTransformer", {"layers": 1, "width": 8, "heads": 1, "key_size": 8}),
        TrainingConfig(steps=2, batch=2),
        TestingConfig(episodes=4),
    ),
    "laptop": RunConfig(
        DataConfig(size=8),
        TaskConfig(),
        LearnerConfig("ValueTransformer", {"layers": 2, "width": 64, "heads": 2, "key_size": 32}),
        TrainingConfig(batch=64, optimiser="muon", learning_rate=0.003),
        TestingConfig(episodes=1024),
    ),
    # WHY Muon and, in some experiments, interventions: Adam alone needs 50,000 steps of 4,096 episodes, an hour per run
    # on one H100. With them the loss leaves its plateau within minutes (docs/results/paper).
    "gpu": RunConfig(
        DataConfig(size=32, channels=3),
        TaskConfig(),
        LearnerConfig("TokenTransformer", {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
        TrainingConfig(steps=10_000, batch=512, matrix_learning_rate=0.01, matrix_weight_decay=0.03),
        TestingConfig(episodes=4096),
    ),
}
"""The base run of each scale, which experiments change."""


OFF_THE_PLATEAU = {"tasks.permutation_probability": 0.1, "tasks.repetition_probability": 0.5}
"""Interventions that take the paper's Transformer off its plateau in time; they fade over `tasks.anneal_steps`."""


def changed(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """Change some fields of a configuration; names are as on the command line.

    Args:
        config: The configuration; not modified.
        changes: Values by name, as in `{"tasks.num_tasks": 64, "learner.options.width": 32}`, or a whole part, as in
            `{"learner": LearnerConfig("MLP")}`. Applied in order.

    Raises:
        TypeError: If a field does not exist.
    """
    for name, value in changes.items():
        config = _with(config, name.split("."), value)
    return config


def _with(thing: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    first, *rest = path
    if isinstance(thing, dict):
        return {**thing, first: _with(thing.get(first), rest, value)}
    return replace(thing, **{first: _with(getattr(thing, first, None), rest, value)})


@dataclass(frozen=True)
class Scale:
    """One experiment at one scale.

    Args:
        changes: Changes to the base run; see `changed`.
        seeds: Seeds per cell of the grid.
        axes: Values of the grid's axes, and other numbers of the experiment, by name.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 1
    axes: Mapping[str, Any] = field(default_factory=dict)

    def base(self, name: ScaleName) -> RunConfig:
        """The base run of a scale, with the experiment's changes."""
        return changed(BASES[name], self.changes)


def lay_out(
    settings: Settings,
    scale: Scale,
    places: Iterable[tuple[dict[str, Any], Mapping[str, Any]]],
    *,
    tested_on: Sequence[str] = ("mnist",),
    kinds: Sequence[str] = ("unseen",),
    measured: int = 4,
) -> list[SweptRun]:
    """Lay out a grid: one run for every cell and seed.

    Args:
        settings: Scale, data sets and seeds.
        scale: The experiment at this scale.
        places: Keys of every cell in the grid, and its changes to the run; see `changed`.
        tested_on: Data sets to meta-test on. Meta-training is on MNIST unless a cell changes that.
        kinds: Kinds of tasks to meta-test on.
        measured: Number of validations during a run.
    """
    shared = {
        "data.dataset": settings.source("mnist"),
        "testing.datasets": [settings.source(name) for name in tested_on],
        "testing.tasks": list(kinds),
    }
    base = changed(scale.base(settings.scale), shared)
    runs = []
    for keys, changes in places:
        loop = swept_loop(changed(base, changes).training.steps, measured)
        if settings.scale == "gpu":  # steps are so short there that checkpoints would take most of the time
            loop = replace(loop, checkpoint_every=2000)
        config = changed(base, {"loop": loop, **changes})
        runs += [
            SweptRun(changed(config, {"training.seed": seed}), {**keys, "seed": seed})
            for seed in range(settings.seeds or scale.seeds)
        ]
    return runs
