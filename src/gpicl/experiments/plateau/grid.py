"""The runs of the plateau: a base run, with one thing or several changed."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from gpicl.experiments.reproduction import Scale, Settings, lay_out
from gpicl.experiments.sweep import SweptRun
from gpicl.metatraining import LearnerConfig, LoopConfig, PluginConfig, TaskConfig

BATCH, TASKS, EPSILON, BIAS, OPTIMISER, PATH = (
    "task batch",
    "number of tasks",
    "Adam's epsilon",
    "permutation probability",
    "optimiser",
    "label path",
)
INTERACTION, BIAS_ALONE, NO_CONTEXT, DIVERSITY = "interaction", "bias in detail", "no context", "diversity"
"""Axes that change several things together."""
UNLIMITED = "unlimited"
_PATHS = {"tokens": "TokenTransformer", "values": "ValueTransformer"}
# The field that each axis changes; the label path changes the learner.
FIELDS = {
    BATCH: "training.batch",
    TASKS: "tasks.num_tasks",
    EPSILON: "training.epsilon",
    BIAS: "tasks.permutation_probability",
    OPTIMISER: "training.optimiser",
    PATH: "learner.name",
}
_DETAILS = {
    BIAS: "tasks.permutation_probability",
    "repetitions": "tasks.repetition_probability",
    "optimiser": "training.optimiser",
    "width": "learner.options.width",
    "features": "tasks.num_features",
}
KINDS: dict[str, dict[str, Any]] = {
    "images": {},
    "images and inventions": {"invention": 0.5},
    "four kinds": {"invention": 0.25, "spectrum": 0.5, "bending": 0.25},
    "inventions alone": {"invention": 1.0},
}
"""What tasks are made of, as `tasks.widen`."""

# `steps` maps batches to steps. The learning rate is constant, so steps only decide where the run ends.
_SCALES = {
    "smoke": Scale(
        {"training.steps": 3, "training.optimiser": "adam"},
        axes={
            **{BATCH: (1, 2), TASKS: (4, UNLIMITED), EPSILON: (1e-8,), BIAS: (1.0,)},
            **{OPTIMISER: ("muon",), PATH: ("values",)},
            INTERACTION: {BATCH: (2,), TASKS: (UNLIMITED,), EPSILON: (1e-8, 1e-3), BIAS: (1.0, 0.1)},
            BIAS_ALONE: {BIAS: (1.0, 0.1), "repetitions": (0.5,), "optimiser": ("adam",), "width": (8,),
                         "features": (4,)},
            NO_CONTEXT: {BIAS: (0.1,), "features": (4,)},
            DIVERSITY: {"kinds": ("images", "four kinds"), TASKS: (4,)},
            "smaller": {},
            "validate_every": 1,
            "steps": {},
        },
    ),
    "laptop": Scale(
        {
            "tasks": TaskConfig(
                length=32, num_features=16, num_classes=5, repetition_probability=0.5, repeated_images=5
            ),
            "learner.options": {"layers": 2, "width": 32, "heads": 1, "key_size": 32},
            "training.steps": 2500,
            "training.batch": 32,
            "training.optimiser": "adam",
            "training.learning_rate": 0.001,
            "training.decay": "constant",
            "testing.episodes": 512,
        },
        seeds=2,
        axes={
            BATCH: (8, 16, 32, 64, 128),
            TASKS: (16, 256, 4096, 65_536, UNLIMITED),
            EPSILON: (1e-12, 1e-8, 1e-5, 1e-3),
            BIAS: (1.0, 0.5, 0.1),
            OPTIMISER: ("adam", "muon"),
            PATH: ("tokens", "values"),
            INTERACTION: {BATCH: (16, 64), TASKS: (64, UNLIMITED), EPSILON: (1e-8, 1e-3), BIAS: (1.0, 0.1)},
            BIAS_ALONE: {BIAS: (1.0, 0.1), "repetitions": (0.5, 0.0), "optimiser": ("adam", "muon"),
                         "width": (32, 64), "features": (8,)},
            NO_CONTEXT: {BIAS: (1.0, 0.1), "features": (8, 64)},
            DIVERSITY: {"kinds": tuple(KINDS), TASKS: (256, 4096, UNLIMITED)},
            # Without repetitions the plateau of the larger tasks lasts more than 4,000 steps, with and without bias.
            "smaller": {"tasks.length": 16, "tasks.num_classes": 3, "tasks.repeated_images": 3, "training.batch": 64,
                        "training.steps": 4000},
            "validate_every": 50,
            "steps": {8: 5000, 16: 3500, 64: 2000, 128: 1200},
        },
    ),
    "gpu": Scale(
        {
            # Finitely many tasks draw their matrices again at every step.
            "data.size": 14,
            "data.channels": 1,
            "tasks.repetition_probability": 0.5,
            "training.steps": 10_000,
            "training.batch": 128,
            "training.optimiser": "adam",
            "training.learning_rate": 0.001,
            "training.decay": "constant",
            "testing.episodes": 1024,
        },
        axes={
            BATCH: (32, 64, 128, 256, 512, 1024, 2048),
            TASKS: (*(2**n for n in range(4, 25, 4)), UNLIMITED),
            EPSILON: (1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3),
            BIAS: (1.0, 0.5, 0.25, 0.1),
            OPTIMISER: ("adam", "muon"),
            PATH: ("tokens", "values"),
            INTERACTION: {BATCH: (64, 256), TASKS: (2**16, UNLIMITED), EPSILON: (1e-8, 1e-4), BIAS: (1.0, 0.1)},
            BIAS_ALONE: {BIAS: (1.0, 0.1), "repetitions": (0.5, 0.0), "optimiser": ("adam", "muon"),
                         "width": (64, 256), "features": (None,)},
            NO_CONTEXT: {BIAS: (1.0, 0.1), "features": (64, None)},
            DIVERSITY: {"kinds": tuple(KINDS), TASKS: (2**12, 2**16, UNLIMITED)},
            "smaller": {},
            "validate_every": 100,
            "steps": {256: 8000, 512: 6000, 1024: 4000, 2048: 2500},
        },
    ),
}  # fmt: skip


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs.

    One thing at a time is changed in the base run, with several seeds; the base is part of every axis and is run once.
    Grids that change several things together have one seed, because every effect is a mean over many runs.
    """
    scale = _SCALES[settings.scale]
    length = scale.base(settings.scale).tasks.length
    once = replace(settings, seeds=1)
    return [
        *lay_out(settings, scale, _one_at_a_time(scale.axes, length)),
        *lay_out(once, scale, _interaction(scale.axes, length)),
        *lay_out(once, scale, _bias(scale.axes, length)),
        *lay_out(once, scale, _without_context(scale.axes)),
        *lay_out(once, scale, _diversity(scale.axes, length)),
    ]


Place = tuple[dict[str, Any], dict[str, Any]]


def _loop(axes: Any, capture: bool | None = None) -> LoopConfig:
    every = axes["validate_every"]
    # At scale smoke a run has fewer steps than the usual distance between two lines of the log.
    return LoopConfig(
        progress=False, checkpoint_every=500, validate_every=every, log_every=min(10, every), capture=capture
    )


def _tokens(axes: Any, length: int, batch: int | None = None) -> dict[str, Any]:
    changes: dict[str, Any] = {"loop": _loop(axes), "learner.name": _PATHS["tokens"]}
    changes["learner.options.max_length"] = length
    if batch in axes["steps"]:
        changes["training.steps"] = axes["steps"][batch]
    return changes


def _one_at_a_time(axes: Any, length: int) -> Iterator[Place]:
    for axis, field in FIELDS.items():
        for value in axes[axis]:
            changes = _tokens(axes, length, value if axis == BATCH else None)
            if axis == PATH and value == "values":
                del changes["learner.options.max_length"]
            if axis == EPSILON:  # the gradients of a step in a CUDA graph are not accessible
                statistics = PluginConfig("gpicl.experiments.plateau.layers.LayerStatistics", {"every": 25})
                changes |= {"training.callbacks": [statistics], "loop": _loop(axes, capture=False)}
            changes[field] = {UNLIMITED: None, **_PATHS}.get(value, value)
            yield {"axis": axis, "value": str(value)}, changes


def _interaction(axes: Any, length: int) -> Iterator[Place]:
    levels = axes[INTERACTION]
    for values in product(*levels.values()):
        place = dict(zip(levels, values, strict=True))
        changes = _tokens(axes, length, place[BATCH])
        changes |= {FIELDS[name]: None if value == UNLIMITED else value for name, value in place.items()}
        yield _key(INTERACTION, place), changes


def _bias(axes: Any, length: int) -> Iterator[Place]:
    levels = axes[BIAS_ALONE]
    for values in product(*levels.values()):
        place = dict(zip(levels, values, strict=True))
        yield (
            _key(BIAS_ALONE, place),
            {
                **_tokens(axes, axes["smaller"].get("tasks.length", length)),
                **axes["smaller"],
                **{_DETAILS[name]: value for name, value in place.items()},
            },
        )


def _without_context(axes: Any) -> Iterator[Place]:
    """Runs of a network that sees no context on biased tasks, with few features and with many."""
    levels = axes[NO_CONTEXT]
    for values in product(*levels.values()):
        place = dict(zip(levels, values, strict=True))
        changes: dict[str, Any] = {"loop": _loop(axes), "learner": LearnerConfig("MLP", {"width": 64})}
        changes |= axes["smaller"] | {"tasks.repetition_probability": 0.0}
        yield _key(NO_CONTEXT, place), {**changes, **{_DETAILS[name]: value for name, value in place.items()}}


def _diversity(axes: Any, length: int) -> Iterator[Place]:
    for kinds, tasks in product(*axes[DIVERSITY].values()):
        number = None if tasks == UNLIMITED else tasks
        if kinds == "inventions alone" and number is not None:
            continue  # it only shows whether inventions are easier
        changes = {**_tokens(axes, length), "tasks.widen": KINDS[kinds], "tasks.num_tasks": number}
        yield _key(DIVERSITY, {"kinds": kinds, TASKS: tasks}), changes


def _key(axis: str, place: dict[str, Any]) -> dict[str, Any]:
    return {"axis": axis, "value": ", ".join(f"{name} {value}" for name, value in place.items())}
