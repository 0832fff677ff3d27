"""The comparison: meta-train the learners that need it, meta-test all, write the table."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from gpicl.data import dataset_label
from gpicl.errors import ConfigError
from gpicl.experiments.comparison.classical import meta_test_classical
from gpicl.experiments.comparison.entries import Trial, choose_entries, make_trials
from gpicl.experiments.comparison.report import TIME_FILE, comparison_table, write_page
from gpicl.experiments.comparison.scales import find_scale
from gpicl.experiments.sweep import Engine, open_engine
from gpicl.experiments.sweep.sweep import lock_beside
from gpicl.files import make_folder, write_atomically
from gpicl.metatesting import prediction_milliseconds
from gpicl.metatraining import RunConfig, TestingConfig
from gpicl.metatraining.placement import on_device
from gpicl.runs.planning import load_test_set, sized_for_testing
from gpicl.runs.results import check_testing
from gpicl.runs.train_and_test import train_and_test
from gpicl.weights import load_weights

# The page shows the trials that have ended so far. Drawing it takes as long as a trial at scale `smoke`.
_SECONDS_BETWEEN_PAGES = 10.0


def compare(
    scale: str,
    learners: str,
    output: str,
    results: str,
    command: str,
    say: Callable[[str], object],
    *,
    data: str | None = None,
    datasets: Sequence[str] | None = None,
    episodes: int | None = None,
    seeds: int | None = None,
    minutes: float | None = None,
    engine: Engine | None = None,
    progress: bool = True,
    device: str | None = None,
) -> pd.DataFrame:
    """Run the comparison, or the part of it that is left.

    Args:
        scale: One of `SCALES`.
        learners: See `choose_entries`.
        output: Folder of all runs. Finished runs in it are not repeated.
        results: Folder for the table, the page and the figure.
        command: The command line, shown on the page.
        say: Called with progress messages.
        data: Data set to meta-train on; None for the scale's.
        datasets: Data sets to meta-test on; None for the scale's.
        episodes: Episodes per data set; None for the scale's.
        seeds: Runs per learner; None for the scale's.
        minutes: Wall-clock budget of every run; None for the budgets of the presets.
        engine: An open engine; None to run one after another.
        progress: Show progress bars.
        device: Where to meta-train and meta-test; see `find_device`.

    Returns:
        The table; see `comparison_table`.

    Raises:
        GpiclError: If a name is unknown or a data set is not available; raised before anything runs.
    """
    for name, value, least in (("episodes", episodes, 2), ("seeds", seeds, 1)):
        if value is not None and value < least:
            raise ConfigError(f"{name} must be at least {least}, not {value}.")
    if minutes is not None and not minutes > 0:
        raise ConfigError(f"minutes must be above 0, not {minutes}.")
    chosen = find_scale(scale)
    chosen = chosen._replace(
        data=data or chosen.data,
        datasets=tuple(chosen.datasets if datasets is None else datasets),
        episodes=episodes or chosen.episodes,
        seeds=seeds or chosen.seeds,
        classical=chosen.classical
        and chosen.classical._replace(
            episodes=episodes or chosen.classical.episodes, seeds=seeds or chosen.classical.seeds
        ),
    )
    check_testing(TestingConfig(list(chosen.datasets)), [dataset_label(name) for name in chosen.datasets])
    trials = make_trials(chosen, choose_entries(learners), Path(output), minutes, progress)
    trials = [
        trial._replace(
            config=replace(trial.config, loop=on_device(trial.config.loop, device, elsewhere=engine is not None))
        )
        for trial in trials
    ]
    # A missing data set should be found now, not after hours of meta-training.
    for name in dict.fromkeys((chosen.data, *chosen.datasets)):
        load_test_set(name, chosen.resize(RunConfig()).data)
    make_folder(Path(results), "--results")
    titles = [f"{trial.entry.name}, seed {trial.config.training.seed}" for trial in trials]

    def announce(number: int) -> None:
        say(f"[{number + 1}/{len(trials)}] {titles[number]}")

    failures: dict[Path, str] = {}
    ended: set[int] = set()
    written = time.monotonic()
    with nullcontext(engine) if engine is not None else open_engine() as opened:
        for number, outcome in opened.run(_run, [(trial, command) for trial in trials], announce):
            ended.add(number)
            if outcome.failure is not None:
                failures[trials[number].folder] = outcome.failure
                say(f"{titles[number]} failed, the others continue: {outcome.failure}")
            if len(ended) == len(trials) or time.monotonic() - written > _SECONDS_BETWEEN_PAGES:
                done = [trial for i, trial in enumerate(trials) if i in ended]
                table = comparison_table(done, failures)
                write_page(Path(results), table, done, chosen, command)
                written = time.monotonic()
    return table


def _run(trial: Trial, command: str) -> None:
    """Run one trial, or the rest of an interrupted one, with its folder locked."""
    with lock_beside(trial.folder):
        _run_locked(trial, command)


def _run_locked(trial: Trial, command: str) -> None:
    if trial.entry.classical:
        meta_test_classical(trial)
        measured: Any = trial.entry.name
    else:
        train_and_test(trial.config, str(trial.folder.parent), command, lambda _: None, trial.entry.batch)
        measured = sized_for_testing(load_weights(trial.folder), trial.config.testing)
    path = trial.folder / TIME_FILE
    if not path.exists():
        image = trial.config.data
        pixels = (image.size or 28) ** 2 * (image.channels or 1)
        text = json.dumps({"milliseconds": prediction_milliseconds(measured, trial.config.test_length, pixels)})
        write_atomically(path, lambda part: part.write_text(text))
