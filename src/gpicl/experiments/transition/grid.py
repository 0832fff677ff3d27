"""The runs of the transition: learners, data sets, numbers of tasks and seeds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from gpicl.experiments.reproduction import OFF_THE_PLATEAU, Scale, Settings, lay_out
from gpicl.experiments.sweep import SweptRun
from gpicl.metatraining import LearnerConfig, TaskConfig

TOKEN, VALUE = "TokenTransformer", "ValueTransformer"


class Part(NamedTuple):
    """One learner, meta-trained on one data set.

    Attributes:
        learner: Name of the learner.
        trained_on: Data set of meta-training.
        exponents: log2 of the numbers of tasks.
        jump: The exponents with `jump_seeds` seeds, for the distribution over seeds.
        changes: Changes to the scale's base run.
    """

    learner: str
    trained_on: str
    exponents: tuple[int, ...]
    jump: tuple[int, ...]
    changes: Mapping[str, Any]


_TOKEN_IN_SMOKE = {"learner": LearnerConfig(TOKEN, {"layers": 1, "width": 8, "heads": 1, "key_size": 8})}
_TOKEN_ON_LAPTOP = {
    "learner": LearnerConfig(TOKEN, {"layers": 3, "width": 64, "heads": 2, "key_size": 32}),
    "training.steps": 1600,
    "training.batch": 64,
    **OFF_THE_PLATEAU,
    "tasks.anneal_steps": 1000,
}
_VALUE_ON_GPU = {
    "learner": LearnerConfig(VALUE, {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
    "tasks": TaskConfig(),
}
_FEWER = (0, 4, 7, 10, 12, 13, 14, 15, 16, 20, 24)

_SCALES = {
    "smoke": Scale(
        seeds=2,
        axes={
            "parts": (
                Part(TOKEN, "mnist", (0, 6), (6,), _TOKEN_IN_SMOKE),
                Part(VALUE, "fashion_mnist", (6,), (), {}),
            ),
            "jump_seeds": 4,
        },
    ),
    "laptop": Scale(
        {"training.steps": 1200, "training.batch": 32},
        seeds=2,
        axes={
            "parts": (
                Part(VALUE, "mnist", (0, 4, 6, 8, 9, 10, 12, 14), (8,), {}),
                Part(VALUE, "fashion_mnist", (0, 4, 8, 9, 10, 14), (), {}),
                Part(TOKEN, "mnist", (6, 10, 12), (10,), _TOKEN_ON_LAPTOP),
            ),
            "jump_seeds": 16,
        },
    ),
    # WHY 14x14: see the heat map. 1.5 million episodes are about 100 per task at the paper's jump.
    "gpu": Scale(
        {
            "data.size": 14,
            "data.channels": 1,
            "training.steps": 6000,
            "training.batch": 256,
            **OFF_THE_PLATEAU,
            "tasks.anneal_steps": 3000,
        },
        seeds=3,
        axes={
            "parts": (
                Part(TOKEN, "mnist", (0, 2, 4, 6, *range(7, 17), 18, 20, 24), (12, 13, 14, 15), {}),
                Part(TOKEN, "fashion_mnist", _FEWER, (), {}),
                Part(VALUE, "mnist", _FEWER, (), _VALUE_ON_GPU),
            ),
            "jump_seeds": 16,
        },
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: learners and data sets x numbers of tasks x seeds, with more seeds at the jump."""
    scale = _SCALES[settings.scale]
    runs = []
    for part in scale.axes["parts"]:
        shared = {**part.changes, "data.dataset": settings.source(part.trained_on)}
        for exponents, seeds in (
            ([n for n in part.exponents if n not in part.jump], scale.seeds),
            (part.jump, scale.axes["jump_seeds"]),
        ):
            places: list[tuple[dict[str, Any], dict[str, Any]]] = [
                (
                    {"learner": part.learner, "trained_on": settings.label(part.trained_on), "num_tasks": 2**n},
                    {**shared, "tasks.num_tasks": 2**n},
                )
                for n in exponents
            ]
            runs += lay_out(
                settings,
                replace(scale, seeds=seeds),
                places,
                tested_on=("mnist", "fashion_mnist"),
                kinds=("seen", "unseen"),
            )
    return runs
