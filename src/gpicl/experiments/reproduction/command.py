"""What `gpicl reproduce` does."""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from pathlib import Path
from types import FrameType
from typing import Any

import pandas as pd

from gpicl.errors import ConfigError, Terminated, UnfinishedError
from gpicl.experiments import EXPERIMENTS
from gpicl.experiments.reproduction.estimate import estimate, print_costs
from gpicl.experiments.reproduction.experiment import Reproducible, find_experiment
from gpicl.experiments.reproduction.settings import ScaleName, Settings, check_classes, find_sources
from gpicl.experiments.sweep import open_engine
from gpicl.metatraining import LoopConfig
from gpicl.metatraining.placement import check_shared_gpu, on_device


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
    minutes: float | None,
    progress: bool,
    device: str | None = None,
    command: str,
    say: Callable[[str], object],
) -> None:
    """Reproduce one experiment, or all of them.

    Args:
        name: Name of the experiment, or `all`.
        scale: See `Settings`.
        data: See `find_sources`.
        seeds: See `Settings`.
        features: Two paths separated by a comma; see `Settings`.
        engine: Arguments of `open_engine`.
        output: Folder of all runs.
        results: Folder with a folder for each experiment.
        dry_run: Only print an estimate of the cost.
        minutes: Minutes after which to stop, as on SIGTERM; None for no limit.
        progress: Show progress bars.
        device: Where to meta-train and meta-test; see `find_device`.
        command: The command line, shown on the pages.
        say: Called with progress messages.

    Raises:
        GpiclError: If a name is unknown or a data set is not available; raised before anything runs.
        UnfinishedError: If runs failed; raised after all others are done.
        Terminated: When the minutes are over, after a checkpoint of the current run.
    """
    if minutes is not None and not (0 < minutes < inf and hasattr(signal, "SIGALRM")):
        raise ConfigError(f"minutes must be above 0 and finite, on a system with SIGALRM, not {minutes}.")
    if seeds is not None and seeds < 1:
        raise ConfigError(f"seeds must be at least 1, not {seeds}.")
    gpus, on_cluster = engine.get("gpus", 0.0), engine.get("address") is not None
    loop = on_device(LoopConfig(), device, gpus, elsewhere=on_cluster)
    check_shared_gpu(loop, engine.get("name", "sequential"), gpus, expected=scale == "gpu" and on_cluster)
    experiments = [find_experiment(each) for each in (EXPERIMENTS if name == "all" else [name])]
    if features is not None and name not in ("embeddings", "all"):
        raise ConfigError(f"--features is for the experiment embeddings, not for {name}. Leave it out.")
    settings = Settings(scale, find_sources(scale, data), Path(output), seeds, _two_paths(features), device)
    chosen = open_engine(**engine)  # starts nothing yet, but checks its options
    if dry_run:
        print_costs(_costs(experiments, settings), settings)
        return
    check_classes(settings)
    for experiment in experiments:
        experiment.check_data(settings)
    failures: dict[Path, int] = {}
    with _stopped_after(minutes), chosen as opened:
        for experiment in experiments:
            folder = Path(results) / experiment.name
            page = folder / f"{experiment.name}.md"
            failures[page] = experiment.reproduce(settings, opened, folder, command, say, progress)
            say(f"{experiment.name}: {page}")
    failed = [f"{count} of {page}" for page, count in failures.items() if count]
    if failed:
        raise UnfinishedError(f"Runs failed: {', '.join(failed)}. The pages give the reasons.")


@contextmanager
def _stopped_after(minutes: float | None) -> Iterator[None]:
    """Raise `Terminated` when the time is over."""
    if minutes is None:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated(f"stopped after {minutes:g} minutes. The same command continues from here.")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 60 * minutes)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
        raise ConfigError(f"--features takes two archives, as in train.npz,test.npz, not {features!r}.")
    return train, test
