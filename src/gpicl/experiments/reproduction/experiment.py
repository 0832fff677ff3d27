"""What makes an experiment: a grid of runs, what is measured of them, and what is made of that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd
from matplotlib.figure import Figure

from gpicl.errors import UnknownNameError
from gpicl.experiments import EXPERIMENTS
from gpicl.experiments.reproduction.finding import Finding
from gpicl.experiments.reproduction.page import Page, write_experiment_page
from gpicl.experiments.reproduction.settings import Settings
from gpicl.experiments.sweep import Engine, Measure, SweptRun, costs_table, results_table, sweep
from gpicl.files import make_folder


@runtime_checkable
class Reproducible(Protocol):
    """What `gpicl reproduce` needs of an experiment; see `Experiment`."""

    @property
    def name(self) -> str:
        """As it is typed."""

    @property
    def grid(self) -> Callable[[Settings], list[SweptRun]]:
        """Lays out its runs."""

    def reproduce(
        self,
        settings: Settings,
        engine: Engine,
        results: Path,
        command: str,
        say: Callable[[str], object],
        progress: bool = True,
    ) -> int:
        """Do what is left of the runs, write what is made of them, and return how many failed."""


def find_experiment(name: str) -> Reproducible:
    """Find an experiment by its name.

    Raises:
        UnknownNameError: If there is none of that name.
    """
    if name not in EXPERIMENTS:
        raise UnknownNameError("experiment", name, [*EXPERIMENTS, "all"])
    return import_module(EXPERIMENTS[name]).EXPERIMENT


@dataclass(frozen=True)
class Experiment:
    """One figure of the paper.

    Args:
        name: As it is typed.
        title: Of its page.
        question: What it asks and how, in a paragraph of Markdown.
        grid: Lays out its runs.
        measure: What is measured of a run; the rows of its table.
        figure: Draws the table.
        findings: Says what the table shows.
        prepare: Makes what the runs are made from, before the first of them.
    """

    name: str
    title: str
    question: str
    grid: Callable[[Settings], list[SweptRun]]
    measure: Measure
    figure: Callable[[pd.DataFrame, Settings], Figure]
    findings: Callable[[pd.DataFrame, Settings], Sequence[Finding]]
    prepare: Callable[[Settings], object] = lambda settings: None

    def reproduce(
        self,
        settings: Settings,
        engine: Engine,
        results: Path,
        command: str,
        say: Callable[[str], object],
        progress: bool = True,
    ) -> int:
        """Do what is left of the runs, and write the table, the figure and the page.

        Args:
            settings: What the user decides.
            engine: An open engine.
            results: Folder that the files are written to.
            command: What the user typed.
            say: Called with what is being done.
            progress: Show the progress of the sweep.

        Returns:
            How many runs failed.

        Raises:
            GpiclError: If something cannot be had; found before anything is run.
        """
        make_folder(results, "--results")
        self.prepare(settings)
        runs = [run.on(settings.device) for run in self.grid(settings)]
        failures = sweep(runs, settings.output, engine, command, self.name, say, progress)
        table = results_table(runs, settings.output, self.measure, failures)
        read = {name for run in runs for name in (run.config.data.dataset, *run.config.testing.datasets)}
        page = Page(
            self.name,
            self.title,
            self.question,
            table=table,
            costs=costs_table(runs, settings.output, failures),
            figure=self.figure(table, settings) if len(table) else None,
            findings=self.findings(table, settings) if len(table) else (),
            data={name: source for name, source in settings.sources.items() if source in read},
            episodes=runs[0].config.testing.episodes,
        )
        write_experiment_page(results, page, settings, command, engine.description)
        return len(failures)
