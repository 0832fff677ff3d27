"""The files of an experiment: CSV, figure, and a page in Markdown."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from gpicl.experiments.reproduction.finding import COLUMNS, Finding
from gpicl.experiments.reproduction.settings import Settings
from gpicl.metatesting import wilson_interval
from gpicl.report import failures_section, markdown_table, write_page
from gpicl.runtime import machine_description


class Page(NamedTuple):
    """Contents of a page.

    Attributes:
        name: Name of the experiment and of its files.
        title: Title of the page.
        question: The question and the method, a paragraph of Markdown.
        table: See `results_table`.
        costs: See `costs_table`.
        figure: Figure of the table; None if no run has finished.
        findings: What the table shows.
        data: Sources of data sets that are not loaded under their own names, by name.
        episodes: The fewest and the most episodes of a meta-test.
    """

    name: str
    title: str
    question: str
    table: pd.DataFrame
    costs: pd.DataFrame
    figure: Figure | None
    findings: Sequence[Finding]
    data: Mapping[str, str]
    episodes: tuple[int, int]


def write_experiment_page(folder: Path, page: Page, settings: Settings, command: str, engine: str) -> None:
    """Write `NAME.csv`, `runs.csv`, `NAME.png`, `NAME.pdf` and `NAME.md`.

    Args:
        folder: Folder to write to.
        page: Contents of the page.
        settings: Settings of the experiment.
        command: The command line.
        engine: Description of the engine.
    """
    name = page.name
    picture = f"![{page.title}]({name}.png)" if page.figure else "No run has finished yet."
    lines = [
        f"# {page.title}",
        "",
        page.question,
        "",
        picture,
        "",
        *_warning(settings),
        "## What it shows",
        "",
        *_findings(page.findings),
        "",
        "## What was run",
        "",
        f"    {command}",
        "",
        _runs(page, settings, engine),
        "",
        f"`{name}.csv` has all measurements, `runs.csv` the steps and seconds of every run.",
        *failures_section(_failures(page.costs)),
    ]
    figures = {name: page.figure} if page.figure else {}
    write_page(folder / f"{name}.md", lines, {"runs": page.costs, name: page.table}, figures)


def _warning(settings: Settings) -> list[str]:
    if settings.scale != "smoke":
        return []
    return ["**Scale `smoke` only checks that the code runs. Its figures mean nothing.**", ""]


def _findings(findings: Sequence[Finding]) -> list[str]:
    # Without a number of the paper there is nothing to compare with; without a claim of it, nothing to quote.
    compared = any(finding.reference for finding in findings)
    columns = len(COLUMNS) if compared else 3 if any(finding.paper for finding in findings) else 2
    table = markdown_table(COLUMNS[:columns], [finding.row()[:columns] for finding in findings], numbers=False)
    rules = [
        f"- {' '.join(f.question for f in findings if f.rule == rule)} Rule: {rule}"
        for rule in dict.fromkeys(f.rule for f in findings)
    ]
    ratio = "*Agrees*: the ratio of our number to the paper's is accepted. There is no verdict without both numbers."
    return [table, "", *([ratio, ""] if compared else []), "How the numbers were computed:", "", *rules]


def _runs(page: Page, settings: Settings, engine: str) -> str:
    costs = page.costs
    distinct = costs.drop_duplicates("run")
    seconds = distinct["seconds"] if "seconds" in distinct else pd.Series(dtype=float)
    count = f"{len(distinct)} run{'s' if len(distinct) != 1 else ''}"
    if "seed" in costs:
        count += f"; seed{'s' if costs['seed'].nunique() != 1 else ''} {_list(costs['seed'])}"
    data = ", ".join(f"`{name}` is `{source}`" for name, source in page.data.items())
    longest = seconds.max() / 60 if len(seconds) else 0.0
    fewest, most = page.episodes
    episodes = f"{fewest:,}" + (f" to {most:,}" if most > fewest else "")
    low, high = wilson_interval(np.array([fewest // 2]), fewest)
    return (
        f"Scale `{settings.scale}`: {count}; {episodes} episodes per data set and kind of "
        f"tasks, so the accuracy of one run on these images is known to ± {50 * float(high[0] - low[0]):.1f} points or "
        f"better (95 %, Wilson). Meta-training took {seconds.sum() / 60:.1f} minutes, summed over the runs "
        f"(longest run: {longest:.1f}). Machine: {_machines(costs)}; torch {torch.__version__}; engine: "
        f"{engine}; {date.today().isoformat()}." + (f" Data: {data}." if data else "")
    )


def _machines(costs: pd.DataFrame) -> str:
    found = list(costs["machine"].dropna().unique()) if "machine" in costs else []
    return " and ".join(str(machine) for machine in found) or machine_description()


def _list(values: pd.Series) -> str:
    return ", ".join(str(value) for value in sorted(set(values)))


def _failures(costs: pd.DataFrame) -> dict[str, object]:
    failed = costs[costs["failure"].notna()].drop_duplicates("run")
    keys = [
        name for name in failed.columns if name not in ("run", "failure", "parameters", "steps", "seconds", "machine")
    ]
    return {
        f"{', '.join(f'{key} {row[key]}' for key in keys)} (`{row['run']}`)": row["failure"]
        for _, row in failed.iterrows()
    }
