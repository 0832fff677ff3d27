"""The comparison as one tidy table, its figure, and its page."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from matplotlib.figure import Figure

from gpicl import report
from gpicl.data import dataset_label
from gpicl.experiments.comparison.classical import trial_rows
from gpicl.experiments.comparison.entries import Trial
from gpicl.experiments.comparison.scales import Scale
from gpicl.metatesting import accuracy_interval, accuracy_over_seeds, reference_name, reference_table
from gpicl.report import COLOURS, failures_section, figure_style, interval_text, markdown_table
from gpicl.runs.planning import sized_for_testing
from gpicl.runtime import machine_description
from gpicl.weights import load_card, load_weights

TIME_FILE = "prediction_time.json"
MEASURED = "this run"
_ACCURACY = ("learner", "source", "dataset", "accuracy", "low", "high")


def comparison_table(trials: Sequence[Trial], failures: Mapping[Path, str]) -> pd.DataFrame:
    """Gather the results of the trials, and the published accuracies of the same learners.

    Args:
        trials: The finished trials.
        failures: Reasons of failed trials, by folder.

    Returns:
        One row per learner, source and data set: `learner`, `source` (`this run`, or who reports it), `dataset`,
        `accuracy` at the last position, `low`, `high` (95 %: see `accuracy_over_seeds`, or `accuracy_interval` for
        one seed), `seeds`, `episodes` per seed, `parameters`, `state_size`, `steps`, `minutes` of
        meta-training (mean), `milliseconds` per prediction (mean), `size` and `channels` of its images, `features` F
        that they are projected to, `failure`.
    """
    rows: list[dict[str, Any]] = []
    for entry, group in groupby(trials, lambda trial: trial.entry):
        same = list(group)
        rows += _measured(same, failures)
        names = {"paper": entry.published, "earlier reproduction": entry.earlier}
        labels = [dataset_label(name) for name in same[0].config.testing.datasets]
        datasets = {reference_name(label): label for label in labels}
        for row in reference_table().itertuples():
            if names.get(str(row.source)) == row.learner and row.dataset in datasets:
                rows.append(
                    {
                        "learner": entry.name,
                        "source": row.source,
                        "dataset": datasets[str(row.dataset)],
                        "accuracy": row.accuracy,
                    }
                )
    # While all trials so far have failed, no row has an accuracy.
    return pd.DataFrame(rows, columns=list(dict.fromkeys([*_ACCURACY, *(key for row in rows for key in row)])))


def failed_learners(table: pd.DataFrame) -> list[str]:
    """Name the learners with a failed run in a `comparison_table`."""
    return sorted(table.loc[table["failure"].notna(), "learner"].unique())


def _measured(trials: list[Trial], failures: Mapping[Path, str]) -> Iterable[dict[str, Any]]:
    done = [trial for trial in trials if trial.folder not in failures]
    reasons = " ".join(failures[trial.folder] for trial in trials if trial.folder in failures)
    config = trials[0].config
    shared = {
        "learner": trials[0].entry.name,
        "source": MEASURED,
        "size": config.data.size,
        "channels": config.data.channels,
        "failure": reasons or None,
    }
    if not done:
        return [{**shared, "dataset": dataset_label(name), "seeds": 0} for name in config.testing.datasets]
    shared |= {"seeds": len(done), "episodes": config.testing.episodes, **_costs(done)}
    length = config.test_length
    tables = []
    for trial in done:
        table = trial_rows(trial)
        tables.append(table[(table["position"] == length) & (table["tasks"] == "unseen")].set_index("dataset"))
    rows = []
    for name in config.testing.datasets:
        label = dataset_label(name)
        found = pd.DataFrame([table.loc[label] for table in tables])
        accuracies = found["accuracy"].to_numpy(dtype=float)
        episodes, examples = int(found["episodes"].iloc[0]), int(found["examples"].iloc[0])
        low, high = (
            accuracy_over_seeds(accuracies, episodes, examples)
            if len(found) > 1
            else accuracy_interval(float(accuracies[0]), episodes, examples)
        )
        rows.append({**shared, "dataset": label, "accuracy": float(accuracies.mean()), "low": low, "high": high})
    return rows


def _costs(trials: list[Trial]) -> dict[str, Any]:
    milliseconds = [json.loads((c.folder / TIME_FILE).read_text())["milliseconds"] for c in trials]
    costs: dict[str, Any] = {"milliseconds": sum(milliseconds) / len(milliseconds)}
    if trials[0].entry.classical:
        return costs
    cards = [load_card(trial.folder) for trial in trials]
    learner = sized_for_testing(load_weights(trials[0].folder), trials[0].config.testing)
    return {
        **costs,
        "features": learner.num_features,
        "parameters": learner.num_parameters,
        "state_size": learner.state_size(trials[0].config.test_length),
        "steps": sum(card["steps"] for card in cards) / len(cards),
        "minutes": sum(card["seconds"] for card in cards) / len(cards) / 60,
    }


_MARKS = {
    MEASURED: ("o", COLOURS[0], True),
    "paper": ("D", COLOURS[1], False),
    "earlier reproduction": ("s", COLOURS[7], False),
}


def comparison_figure(table: pd.DataFrame, examples: int) -> Figure:
    """Draw every learner's accuracy next to published ones, one panel per data set.

    Args:
        table: See `comparison_table`.
        examples: Labelled examples that a learner has seen at the measured position.
    """
    datasets = list(dict.fromkeys(table["dataset"]))
    learners = list(dict.fromkeys(table["learner"]))[::-1]
    with figure_style():
        figure = Figure(figsize=(max(5.0, 1.6 + 1.9 * len(datasets)), 1.2 + 0.27 * len(learners)), layout="constrained")
        panels = figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
        for axes, dataset in zip(panels, datasets, strict=True):
            for source, (marker, colour, filled) in _MARKS.items():
                rows = table[(table["dataset"] == dataset) & (table["source"] == source)].dropna(subset=["accuracy"])
                heights = [learners.index(name) for name in rows["learner"]]
                if filled:
                    axes.hlines(heights, rows["low"], rows["high"], color=colour, linewidth=1.5)
                face = colour if filled else "none"
                axes.scatter(
                    rows["accuracy"],
                    heights,
                    marker=marker,
                    s=24,
                    facecolor=face,
                    edgecolor=colour,
                    label=source,
                    zorder=3,
                )
            axes.axvline(0.1, color="#999999", linestyle=":", linewidth=1)
            axes.set(title=dataset, yticks=range(len(learners)), yticklabels=learners)
            axes.xaxis.set_major_formatter("{x:.0%}")
            axes.margins(x=0.08)
        figure.supxlabel(f"accuracy after {examples} examples; bars: 95 %; dotted: guessing", fontsize=10)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(_MARKS))
    return figure


def write_page(folder: Path, table: pd.DataFrame, trials: Sequence[Trial], scale: Scale, command: str) -> None:
    """Write `comparison.csv`, `.md`, `.png` and `.pdf`.

    Args:
        folder: Folder to write to.
        table: See `comparison_table`.
        trials: The trials in the table.
        scale: Scale of the comparison.
        command: The command line, shown on the page.
    """
    figure = comparison_figure(table, trials[0].config.test_length - 1)
    lines = _page(table, trials, scale, command)
    report.write_page(folder / "comparison.md", lines, {"comparison": table}, {"comparison": figure}, dpi=160)


def _page(table: pd.DataFrame, trials: Sequence[Trial], scale: Scale, command: str) -> list[str]:
    length = trials[0].config.test_length
    count = torch.get_num_threads()
    threads = f"{count} thread{'s' if count > 1 else ''}"
    failed = table[table["failure"].notna()].drop_duplicates("learner")
    return [
        f"# Comparison: accuracy after {length - 1} examples",
        "",
        f"Made by `{command}` on {machine_description()}, {threads}, torch {torch.__version__}.",
        f"Meta-trained on {scale.data}; {scale.episodes:,} episodes of unseen tasks per data set and seed.",
        *_fitted(scale),
        "",
        _accuracies(table),
        "",
        "Per cent, with 95 % intervals.",
        "Each seed has its own weights, tasks and episodes, and all learners answer the same episodes of a seed.",
        "Intervals over several seeds are Student's t, and never narrower than Wilson's over all their episodes; those",
        "of one seed are Wilson's over its episodes.",
        "Both allow for the finite number of test images, as if each image were always right or always wrong.",
        "*Italics: published accuracies* (paper: arXiv 2212.04458, 32x32x3, mean of 3 seeds; earlier reproduction:",
        "Lerostre/gpicl).",
        "",
        "![Accuracies of all learners](comparison.png)",
        "",
        "## What they cost",
        "",
        _costs_table(table),
        "",
        "Milliseconds are the median time to predict one label from the examples before it, one episode at a time,",
        "including the fit of a classical learner.",
        "The state is the number of values that carry the past from one example to the next.",
        *failures_section({str(row["learner"]): row["failure"] for _, row in failed.iterrows()}),
    ]


def _fitted(scale: Scale) -> list[str]:
    if scale.classical is None:
        return []
    episodes, seeds, left_out = scale.classical
    lines = [f"Classical learners: {episodes:,} episodes per data set, {seeds} seed{'s' * (seeds > 1)}."]
    if left_out:
        lines.append(f"Left out, because a fit to so many features takes seconds: {', '.join(left_out)}.")
    return lines


def _accuracies(table: pd.DataFrame) -> str:
    datasets = list(dict.fromkeys(table["dataset"]))
    rows = []
    for (learner, source), found in table.groupby(["learner", "source"], sort=False):
        cells = found.set_index("dataset")
        own = source == MEASURED
        texts = [_accuracy(cells.loc[name]) if name in cells.index else "" for name in datasets]
        seeds = f"{cells['seeds'].iloc[0]:.0f}" if own else ""
        name = str(learner) if own else f"*{source}*"
        rows.append([name, *(text if own or not text else f"*{text}*" for text in texts), seeds])
    return markdown_table(["learner", *datasets, "seeds"], rows)


def _accuracy(row: pd.Series) -> str:
    if pd.isna(row["accuracy"]):
        return "failed" if isinstance(row.get("failure"), str) else ""
    if pd.isna(row["low"]):
        return f"{100 * row['accuracy']:.1f}"
    return interval_text(row["accuracy"], row["low"], row["high"])


def _costs_table(table: pd.DataFrame) -> str:
    own = table[table["source"] == MEASURED].drop_duplicates("learner")
    rows = [
        [
            str(row["learner"]),
            _image(row),
            *(_number(row.get(key), digits) for key, digits in _COLUMNS.values()),
        ]
        for _, row in own.iterrows()
    ]
    return markdown_table(["learner", "images", *_COLUMNS], rows)


def _image(row: pd.Series) -> str:
    if pd.isna(row["size"]):
        return "own size"
    return f"{row['size']:.0f}x{row['size']:.0f}" + ("" if pd.isna(row["channels"]) else f"x{row['channels']:.0f}")


_COLUMNS = {
    "features": ("features", 0),
    "parameters": ("parameters", 0),
    "state": ("state_size", 0),
    "steps": ("steps", 0),
    "minutes of meta-training": ("minutes", 1),
    "ms per prediction": ("milliseconds", 2),
}


def _number(value: float | int | None, digits: int) -> str:
    return "" if value is None or pd.isna(value) else f"{value:,.{digits}f}"
