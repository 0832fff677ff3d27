"""Meta-train what needs it, meta-test all, write the table."""

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from gpicl.data import dataset_label
from gpicl.errors import ConfigError
from gpicl.experiments.comparison.classical import meta_test_classical
from gpicl.experiments.comparison.contests import Contest, make_contests
from gpicl.experiments.comparison.entrants import choose_entrants
from gpicl.experiments.comparison.page import write_page
from gpicl.experiments.comparison.scales import find_scale
from gpicl.experiments.comparison.table import TIME_FILE, comparison_table
from gpicl.experiments.sweep import Engine, open_engine
from gpicl.experiments.sweep.run_lock import run_lock
from gpicl.files import make_folder, write_atomically
from gpicl.metatesting import prediction_milliseconds
from gpicl.metatraining import RunConfig, TestingConfig
from gpicl.metatraining.placement import on_device
from gpicl.runs.planning import load_test_set, sized_for_testing
from gpicl.runs.results import check_testing
from gpicl.runs.train_and_test import train_and_test
from gpicl.weights import load_weights


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
    """Run the comparison, or what is left of it.

    Args:
        scale: One of `SCALES`.
        learners: See `choose_entrants`.
        output: Folder of all runs. What lies finished in it is not run again.
        results: Folder that the table, the page and the figure are written to.
        command: What the user typed, for the page.
        say: Told what is being done.
        data: Data set to meta-train on; None for the scale's.
        datasets: Data sets to meta-test on; None for the scale's.
        episodes: Episodes per data set; None for the scale's.
        seeds: Runs per learner; None for the scale's.
        minutes: Wall-clock budget of every run; None for the presets' own.
        engine: An open engine; None for one run after another.
        progress: Show progress bars.
        device: Where to meta-train and meta-test; see `find_device`.

    Returns:
        The table; see `comparison_table`.

    Raises:
        GpiclError: If a name is unknown or a data set cannot be had; found before anything is run.
    """
    for name, value in (("episodes", episodes), ("seeds", seeds), ("minutes", minutes)):
        if value is not None and value <= (1 if name == "episodes" else 0):
            raise ConfigError(f"{name} must be at least {2 if name == 'episodes' else 1}, not {value}.")
    chosen = find_scale(scale)
    chosen = chosen._replace(
        data=data or chosen.data,
        datasets=tuple(chosen.datasets if datasets is None else datasets),
        episodes=episodes or chosen.episodes,
        seeds=seeds or chosen.seeds,
    )
    check_testing(TestingConfig(list(chosen.datasets)), [dataset_label(name) for name in chosen.datasets])
    contests = make_contests(chosen, choose_entrants(learners), Path(output), minutes, progress)
    contests = [
        contest._replace(
            config=replace(contest.config, loop=on_device(contest.config.loop, device, elsewhere=engine is not None))
        )
        for contest in contests
    ]
    # A data set that is not to be had should not be found after hours of meta-training.
    for name in dict.fromkeys((chosen.data, *chosen.datasets)):
        load_test_set(name, chosen.resize(RunConfig()).data)
    make_folder(Path(results), "--results")
    titles = [f"{contest.entrant.name}, seed {contest.config.training.seed}" for contest in contests]

    def announce(number: int) -> None:
        say(f"[{number + 1}/{len(contests)}] {titles[number]}")

    failures: dict[Path, str] = {}
    ended: set[int] = set()
    with nullcontext(engine) if engine is not None else open_engine() as opened:
        for number, outcome in opened.run(_run, [(contest, command) for contest in contests], announce):
            ended.add(number)
            if outcome.failure is not None:
                failures[contests[number].folder] = outcome.failure
                say(f"{titles[number]} failed, the others go on: {outcome.failure}")
            done = [contest for i, contest in enumerate(contests) if i in ended]
            table = comparison_table(done, failures)
            write_page(Path(results), table, done, chosen, command)
    return table


def _run(contest: Contest, command: str) -> None:
    """One contest from the beginning to the end, or from where it was interrupted, and alone in its folder."""
    with run_lock(contest.folder):
        _run_locked(contest, command)


def _run_locked(contest: Contest, command: str) -> None:
    if contest.entrant.classical:
        meta_test_classical(contest)
        measured: Any = contest.entrant.name
    else:
        train_and_test(contest.config, str(contest.folder.parent), command, lambda _: None, contest.entrant.batch)
        measured = sized_for_testing(load_weights(contest.folder), contest.config.testing)
    path = contest.folder / TIME_FILE
    if not path.exists():
        image = contest.config.data
        pixels = (image.size or 28) ** 2 * (image.channels or 1)
        text = json.dumps({"milliseconds": prediction_milliseconds(measured, contest.config.test_length, pixels)})
        write_atomically(path, lambda part: part.write_text(text))
