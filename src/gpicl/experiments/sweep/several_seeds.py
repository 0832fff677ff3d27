"""One configuration under several seeds: a small sweep, and the mean of its accuracies."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from gpicl.errors import ConfigError, UnfinishedError
from gpicl.experiments.sweep.engine import Engine
from gpicl.experiments.sweep.sweep import SweptRun, check_data, sweep
from gpicl.experiments.sweep.table import results_table
from gpicl.metatesting import accuracy_over_seeds
from gpicl.metatraining import Run, RunConfig
from gpicl.runs import tested_rows


def train_seeds(
    config: RunConfig,
    seeds: int,
    output: str,
    engine: Engine,
    command: str,
    say: Callable[[str], object],
    fresh: bool = False,
) -> pd.DataFrame:
    """Meta-train and meta-test one configuration with several seeds: `training.seed` and the ones after it.

    Args:
        config: The run of the first seed.
        seeds: Number of seeds; at least 2.
        output: Folder of all runs.
        engine: An open engine.
        command: The command line, shown on reports.
        say: Called with progress messages.
        fresh: Train again and replace earlier results of the runs.

    Returns:
        One row per data set and kind of tasks: accuracy at the last position (mean over the seeds), `low` and `high`
        (see `accuracy_over_seeds`), `seeds`, `episodes` of each.

    Raises:
        GpiclError: If the configuration cannot be run; raised before meta-training.
        UnfinishedError: If runs failed; raised after all others are done.
    """
    if seeds < 2:
        raise ConfigError(f"seeds must be at least 2, not {seeds}.")
    if config.testing.seed is not None:
        raise ConfigError(
            f"With testing.seed={config.testing.seed} all {seeds} seeds would answer the same episodes, and the "
            "interval would leave out their noise. Set testing.seed to null, so that each seed draws its own."
        )
    quiet = replace(config, loop=replace(config.loop, progress=False))
    numbers = range(config.training.seed, config.training.seed + seeds)
    runs = [SweptRun(replace(quiet, training=replace(quiet.training, seed=n)), {"seed": n}) for n in numbers]
    if fresh:
        check_data(runs)  # before finished runs are deleted
        for run in runs:
            Run(run.config, output).clear()
    failures = sweep(runs, output, engine, command, "seeds", say, config.loop.progress)
    if failures:
        raise UnfinishedError(f"Seeds failed: {'; '.join(failures.values())}")
    table = results_table(runs, output, lambda run, folder: _last(run.config, folder))
    rows = []
    for (dataset, tasks), found in table.groupby(["dataset", "tasks"], sort=False):
        accuracies, episodes = found["accuracy"].to_numpy(dtype=float), int(found["episodes"].iloc[0])
        low, high = accuracy_over_seeds(accuracies, episodes, int(found["examples"].iloc[0]))
        row = {"dataset": dataset, "tasks": tasks, "position": int(found["position"].iloc[0])}
        means = {"accuracy": accuracies.mean(), "low": low, "high": high, "seeds": seeds, "episodes": episodes}
        rows.append({**row, **means})
    return pd.DataFrame(rows)


def _last(config: RunConfig, folder: Path) -> list[dict[str, Any]]:
    rows = tested_rows(folder, config.testing)
    last = rows[rows["position"] == rows["position"].max()]
    return [{str(name): value for name, value in row.items()} for row in last.to_dict("records")]
