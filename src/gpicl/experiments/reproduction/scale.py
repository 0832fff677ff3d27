"""How large an experiment is: three base runs, what an experiment changes of them, and the grid laid out from that."""

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
    # WHY Muon and, where an experiment says so, interventions: on its own Adam needs 50,000 steps of 4,096 episodes,
    # an hour a run on one H100. These reach the published accuracies in ten minutes.
    "gpu": RunConfig(
        DataConfig(size=32, channels=3),
        TaskConfig(),
        LearnerConfig("TokenTransformer", {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
        TrainingConfig(steps=10_000, batch=512, matrix_learning_rate=0.01, matrix_weight_decay=1.0),
        TestingConfig(episodes=4096),
    ),
}
"""The run that all experiments of a scale begin with."""


OFF_THE_PLATEAU = {"tasks.permutation_probability": 0.1, "tasks.repetition_probability": 0.5}
"""Interventions that take the paper's Transformer off its plateau in time; they fade over `tasks.anneal_steps`."""


def changed(config: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
    """Change some fields of a configuration, named as on the command line.

    Args:
        config: The configuration; left as it is.
        changes: Values by name, as in `{"tasks.num_tasks": 64, "learner.options.width": 32}`, or of a whole part, as
            in `{"learner": LearnerConfig("MLP")}`. Later ones see what earlier ones have changed.

    Raises:
        TypeError: If there is no such field.
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
    """How large one experiment is at one scale.

    Args:
        changes: What it changes of the base run; see `changed`.
        seeds: Runs of every place in the grid.
        axes: What the grid goes through, and other numbers of the experiment's own, by name.
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
    """Lay out a grid: a run for every place and seed.

    Args:
        settings: Scale, data sets and seeds.
        scale: The experiment's own numbers at this scale.
        places: The keys of every place in the grid, and what it changes of the run; see `changed`.
        tested_on: Data sets to meta-test on. Meta-trained on MNIST, unless a place changes that.
        kinds: Kinds of tasks to meta-test on.
        measured: How often a run is measured on its way.
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
        if settings.scale == "gpu":  # steps are so short there that writing the checkpoints would be most of the work
            loop = replace(loop, checkpoint_every=2000)
        config = changed(base, {"loop": loop, **changes})
        runs += [
            SweptRun(changed(config, {"training.seed": seed}), {**keys, "seed": seed})
            for seed in range(settings.seeds or scale.seeds)
        ]
    return runs
