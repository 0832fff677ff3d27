"""An experiment: a grid of runs, the measurements of each, and a table, a figure and findings made from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd
from matplotlib.figure import Figure

from gpicl.data import load_contents
from gpicl.errors import UnknownNameError
from gpicl.experiments import EXPERIMENTS
from gpicl.experiments.reproduction.finding import Finding
from gpicl.experiments.reproduction.page import Page, write_experiment_page
from gpicl.experiments.reproduction.settings import Settings
from gpicl.experiments.sweep import (
    Engine,
    Measure,
    SweptRun,
    check_data,
    costs_table,
    results_table,
    sweep,
    unfinished,
)
from gpicl.files import make_folder


@runtime_checkable
class Reproducible(Protocol):
    """Interface that `gpicl reproduce` needs; see `Experiment`."""

    @property
    def name(self) -> str:
        """Name on the command line."""

    @property
    def grid(self) -> Callable[[Settings], list[SweptRun]]:
        """Lays out its runs."""

    def check_data(self, settings: Settings) -> None:
        """Raise an error if a data set is missing or unsuitable; called before anything runs."""

    def reproduce(
        self,
        settings: Settings,
        engine: Engine,
        results: Path,
        command: str,
        say: Callable[[str], object],
        progress: bool = True,
    ) -> int:
        """Do the runs that are left, write table, figure and page, and return the number of failed runs."""


def find_experiment(name: str) -> Reproducible:
    """Find an experiment by its name.

    Raises:
        UnknownNameError: If `name` is not in `EXPERIMENTS`.
    """
    if name not in EXPERIMENTS:
        raise UnknownNameError("experiment", name, [*EXPERIMENTS, "all"])
    return import_module(EXPERIMENTS[name]).EXPERIMENT


@dataclass(frozen=True)
class Experiment:
    """One figure of the paper.

    Args:
        name: Name on the command line.
        title: Title of its page.
        question: The question and the method, a paragraph of Markdown.
        grid: Lists the runs.
        measure: Measures a run; its rows go into the table.
        figure: Draws the table.
        findings: States what the table shows.
        suits: Raises an error if the data sets are unsuitable.
        prepare: Called before the first run with the settings and `say`, for example to make data that the runs read.
        prepared_from: Names of the data sets that `prepare` makes data of.
    """

    name: str
    title: str
    question: str
    grid: Callable[[Settings], list[SweptRun]]
    measure: Measure
    figure: Callable[[pd.DataFrame, Settings], Figure]
    findings: Callable[[pd.DataFrame, Settings], Sequence[Finding]]
    suits: Callable[[Settings], object] = lambda settings: None
    prepare: Callable[[Settings, Callable[[str], object]], object] = lambda settings, say: None
    prepared_from: Sequence[str] = ()

    def check_data(self, settings: Settings) -> None:
        """Check the data sets of the runs that are left.

        Args:
            settings: Scale, data sets and folders.

        Raises:
            GpiclError: If a data set is missing or unsuitable.
        """
        if self.prepared_from and settings.features is None:  # the runs read what is made of these
            for name in self.prepared_from:
                load_contents(settings.source(name))
        else:
            check_data(unfinished(self.grid(settings), settings.output))
        self.suits(settings)

    def reproduce(
        self,
        settings: Settings,
        engine: Engine,
        results: Path,
        command: str,
        say: Callable[[str], object],
        progress: bool = True,
    ) -> int:
        """Do the runs that are left, and write the table, the figure and the page.

        Args:
            settings: Scale, data sets, seeds and folders.
            engine: An open engine.
            results: Folder for the files.
            command: The command line, shown on the page.
            say: Called with progress messages.
            progress: Show the progress of the sweep.

        Returns:
            Number of runs that failed.

        Raises:
            GpiclError: If a data set is not available; raised before anything runs.
        """
        make_folder(results, "--results")
        self.prepare(settings, say)
        runs = [run.on(settings.device) for run in self.grid(settings)]
        failures = sweep(runs, settings.output, engine, command, self.name, say, progress)
        table = results_table(runs, settings.output, self.measure, failures)
        read = {name for run in runs for name in (run.config.data.dataset, *run.config.testing.datasets)}
        made_of = self.prepared_from if settings.features is None else ()
        episodes = [run.config.testing.episodes for run in runs]
        page = Page(
            self.name,
            self.title,
            self.question,
            table=table,
            costs=costs_table(runs, settings.output, failures),
            figure=self.figure(table, settings) if len(table) else None,
            findings=self.findings(table, settings) if len(table) else (),
            data={name: source for name, source in settings.sources.items() if source in read or name in made_of},
            episodes=(min(episodes), max(episodes)),
        )
        write_experiment_page(results, page, settings, command, engine.description)
        return len(failures)
