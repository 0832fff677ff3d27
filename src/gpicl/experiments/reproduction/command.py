"""What `gpicl reproduce` does."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gpicl.errors import ConfigError, UnfinishedError
from gpicl.experiments import EXPERIMENTS
from gpicl.experiments.reproduction.estimate import estimate, print_costs
from gpicl.experiments.reproduction.experiment import Reproducible, find_experiment
from gpicl.experiments.reproduction.settings import ScaleName, Settings, find_sources
from gpicl.experiments.sweep import open_engine
from gpicl.metatraining import LoopConfig
from gpicl.metatraining.placement import on_device


def run_command(
    name: str,
    scale: ScaleName,
    *,
    data: str | None,
    seeds: int | None,
    features: str | None,
    engine: Mapping[str, Any],
    output: str,
    results: str,
    dry_run: bool,
    progress: bool,
    device: str | None = None,
    command: str,
    say: Callable[[str], object],
) -> None:
    """Reproduce one experiment, or all of them.

    Args:
        name: Of the experiment, or `all`.
        scale: See `Settings`.
        data: See `find_sources`.
        seeds: See `Settings`.
        features: Two paths with a comma between them; see `Settings`.
        engine: Arguments of `open_engine`.
        output: Folder of all runs.
        results: Folder of the experiments' folders.
        dry_run: Only estimate and print what it would cost.
        progress: Show the progress.
        device: Where to meta-train and meta-test; see `find_device`.
        command: What the user typed.
        say: Called with what is being done.

    Raises:
        GpiclError: If something is misspelt or cannot be had; found before anything is run.
        UnfinishedError: If runs failed; after all others were done.
    """
    if seeds is not None and seeds < 1:
        raise ConfigError(f"seeds must be at least 1, not {seeds}.")
    on_device(LoopConfig(), device, engine.get("gpus", 0.0), elsewhere=engine.get("address") is not None)
    experiments = [find_experiment(each) for each in (EXPERIMENTS if name == "all" else [name])]
    settings = Settings(scale, find_sources(scale, data), Path(output), seeds, _two_paths(features), device)
    if dry_run:
        print_costs(_costs(experiments, settings), scale)
        return
    failures: dict[Path, int] = {}
    with open_engine(**engine) as opened:
        for experiment in experiments:
            folder = Path(results) / experiment.name
            page = folder / f"{experiment.name}.md"
            failures[page] = experiment.reproduce(settings, opened, folder, command, say, progress)
            say(f"{experiment.name}: {page}")
    failed = [f"{count} of {page}" for page, count in failures.items() if count]
    if failed:
        raise UnfinishedError(f"Runs failed: {', '.join(failed)}, which say why.")


def _costs(experiments: Sequence[Reproducible], settings: Settings) -> dict[str, pd.DataFrame]:
    costs: dict[str, pd.DataFrame] = {}
    counted: set[Path] = set()
    for experiment in experiments:
        runs = experiment.grid(settings)
        costs[experiment.name] = estimate(runs, settings, counted)
        counted |= {run.folder(settings.output) for run in runs}
    return costs


def _two_paths(features: str | None) -> tuple[str, str] | None:
    if features is None:
        return None
    train, comma, test = features.partition(",")
    if not (train and comma and test):
        raise ConfigError(f"--features are two archives, as in train.npz,test.npz, not {features!r}.")
    return train, test
