"""One contest: a learner, a seed, and the folder where what it did lies."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from gpicl.experiments.comparison.entrants import Entrant
from gpicl.experiments.comparison.scales import Scale
from gpicl.metatraining import Run, RunConfig


class Contest(NamedTuple):
    """One learner, one seed.

    Attributes:
        entrant: The learner.
        config: Its run; of a classical learner only the images and the test count.
        folder: Where its results lie.
        positions: Where a classical learner is fitted.
    """

    entrant: Entrant
    config: RunConfig
    folder: Path
    positions: tuple[int, ...]


def make_contests(
    scale: Scale, entrants: Sequence[Entrant], output: Path, minutes: float | None, progress: bool
) -> list[Contest]:
    """Lay out all contests of a comparison.

    Args:
        scale: How large it is.
        entrants: Who takes part.
        output: Folder of all runs.
        minutes: Wall-clock budget of every run; None for the presets' own.
        progress: Show progress bars.
    """
    contests = []
    for entrant in entrants:
        if entrant.classical:
            config = scale.resize(entrant.config())
            seeds = scale.seeds or 1  # nothing of it is random, but every seed has episodes of its own
        else:
            config = scale.resize(entrant.config())
            seeds = scale.seeds or entrant.seeds
        config = replace(
            config,
            data=replace(config.data, dataset=scale.data, root=None),
            testing=replace(config.testing, datasets=list(scale.datasets), tasks=["unseen"], episodes=scale.episodes),
            loop=replace(config.loop, progress=progress),
        )
        if minutes is not None:
            config = replace(config, training=replace(config.training, steps=None, minutes=minutes))
        for seed in range(seeds):
            seeded = replace(config, training=replace(config.training, seed=seed))
            folder = (
                _classical_folder(entrant, seeded, scale, output) if entrant.classical else Run(seeded, output).folder
            )
            contests.append(Contest(entrant, seeded, folder, scale.positions))
    return contests


def _classical_folder(entrant: Entrant, config: RunConfig, scale: Scale, output: Path) -> Path:
    identity = [asdict(config.data), scale.positions, config.test_length, config.training.seed]
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:10]
    return output / f"{entrant.name}-{digest}"
