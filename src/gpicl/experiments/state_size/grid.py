"""The runs of the state size: the comparison's learners that have a memory, and others of their kind."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from gpicl.experiments.comparison.contests import make_contests
from gpicl.experiments.comparison.entrants import ENTRANTS
from gpicl.experiments.comparison.scales import find_scale
from gpicl.experiments.reproduction import Settings
from gpicl.experiments.sweep import SweptRun
from gpicl.metatraining import RunConfig

_MEMORIES = (
    "KernelSetTransformer",
    "KernelTransformer",
    "ValueTransformer",
    "TokenTransformer",
    "FastWeightMemory",
    "VSML",
    "OuterProductLSTM",
    "VSMLWithoutSymmetries",
    "LSTM",
)
# What is changed of the comparison's learner.
_VARIATIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "LSTM": ({"hidden": 32}, {"hidden": 64}),
    "OuterProductLSTM": ({"hidden": 8},),
    "FastWeightMemory": ({"size": 4}, {"size": 8}),
    "ValueTransformer": (
        {"layers": 2, "width": 32, "heads": 1, "key_size": 8},
        {"layers": 2, "width": 64, "heads": 2, "key_size": 32},
    ),
    "TokenTransformer": ({"layers": 2, "width": 32, "heads": 1, "key_size": 32},),
}


def make_grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs. Those of the comparison are the comparison's own, and are not run again.

    Args:
        settings: Scale, data sets and seeds.
    """
    scale = find_scale(settings.scale)
    scale = scale._replace(
        data=settings.source(scale.data),
        datasets=tuple(settings.source(name) for name in scale.datasets),
        seeds=settings.seeds or 1,
    )
    entrants = [entrant for entrant in ENTRANTS if entrant.name in _MEMORIES]
    runs = []
    for contest in make_contests(scale, entrants, Path(settings.output), None, progress=False):
        config, batch = contest.config, contest.entrant.batch
        for options in ({}, *_variations(settings, config)):
            changed = replace(config, learner=replace(config.learner, options={**config.learner.options, **options}))
            text = ", ".join(f"{name} {value}" for name, value in options.items()) or "comparison's"
            seed = config.training.seed
            runs.append(SweptRun(changed, {"learner": config.learner.name, "variation": text, "seed": seed}, batch))
    return runs


def _variations(settings: Settings, config: RunConfig) -> tuple[dict[str, Any], ...]:
    every = _VARIATIONS.get(config.learner.name, ())
    if settings.scale != "smoke":
        return every
    return every[:1] if config.learner.name == "LSTM" else ()
