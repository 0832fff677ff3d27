"""Initial weights: random, from a memorising run, or from a generalising run, with another number of tasks."""

from dataclasses import replace
from math import inf, log2
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gpicl.experiments.reproduction import (
    OFF_THE_PLATEAU,
    OVER_SEEDS,
    Difference,
    Experiment,
    Finding,
    Scale,
    Settings,
    changed,
    lay_out,
    over_seeds,
)
from gpicl.experiments.reproduction.figures import legend_above, panels, per_cent, plot_band, powers_of_two
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.report import COLOURS

RANDOM, MEMORISING, GENERALISING = "random", "memorising", "generalising"

# `memorising` and `generalising` are the exponents (log2 of the number of tasks) of the runs whose weights others begin
# with; both are among `exponents`.
_SCALES = {
    "smoke": Scale(axes={"exponents": (0, 6), MEMORISING: 0, GENERALISING: 6}),
    "laptop": Scale(
        {"training.steps": 1200, "training.batch": 32},
        seeds=3,
        axes={"exponents": (4, 6, 8, 10, 12, 14), MEMORISING: 4, GENERALISING: 14},
    ),
    # WHY 14x14: see the heat map.
    "gpu": Scale(
        {
            "data.size": 14,
            "data.channels": 1,
            "training.steps": 6000,
            "training.batch": 256,
            **OFF_THE_PLATEAU,
            "tasks.anneal_steps": 3000,
        },
        seeds=3,
        axes={"exponents": (4, 6, 8, 10, 12, 14, 16, 20), MEMORISING: 4, GENERALISING: 20},
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: numbers of tasks x initial weights x seeds.

    Runs from random weights come first; the others begin with the weights of two of these per seed.
    """
    scale = _SCALES[settings.scale]
    places: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"begins": RANDOM, "num_tasks": 2**n}, {"tasks.num_tasks": 2**n}) for n in scale.axes["exponents"]
    ]
    first = lay_out(settings, scale, places, kinds=("seen", "unseen"))
    runs = list(first)
    for begins in (MEMORISING, GENERALISING):
        folders = {
            run.keys["seed"]: run.folder(settings.output)
            for run in first
            if run.keys["num_tasks"] == 2 ** scale.axes[begins]
        }
        for run in first:
            # There is no plateau to leave, and biased labels would make other tasks than the memorised ones.
            help_ends = {"tasks.permutation_probability": 1.0, "tasks.repetition_probability": 0.0}
            config = changed(run.config, {**help_ends, "init": str(folders[run.keys["seed"]])})
            runs.append(replace(run, config=config, keys={**run.keys, "begins": begins}))
    return runs


# As shares.
_LEARNED = 0.2
_CHANCE = 0.1
_RULE = (
    "Runs *generalise* if their accuracy on unseen tasks at the last position, mean over seeds, is at least "
    f"{100 * _LEARNED:.0f} points above guessing."
)
_GAIN = (
    "accuracy on unseen tasks minus that from random weights at the same seed, by number of tasks; mean and 95 % "
    f"interval over seeds (Student's t). {_RULE}"
)


def mean_accuracies(table: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds.

    Args:
        table: One row per run and kind of tasks.

    Returns:
        One row per `begins`, `num_tasks` and `tasks`: `accuracy`, `low`, `high`, `seeds`.
    """
    return over_seeds(table, ["begins", "num_tasks", "tasks"])


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report from how many tasks on runs with each kind of initial weights generalise."""
    means = mean_accuracies(table)
    unseen = means[means["tasks"] == "unseen"]
    found, begins = [], {}
    for begin in dict.fromkeys(table["begins"]):
        rows = unseen[unseen["begins"] == begin].sort_values("num_tasks")
        good = rows[rows["accuracy"] >= _CHANCE + _LEARNED]["num_tasks"]
        begins[begin] = float(good.min()) if len(good) else inf
        text = "; ".join(
            f"2^{log2(row['num_tasks']):.0f} {row['accuracy']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
            for _, row in rows.iterrows()
        )
        rule = f"accuracy at the last position on unseen tasks, by number of tasks; {OVER_SEEDS}."
        found.append(Finding(f"From {begin} weights: what is the accuracy on unseen tasks?", text, rule))
    for begin, question in (
        (MEMORISING, "Does a memorising start hinder generalising?"),
        (GENERALISING, "Does a generalising start help with few tasks?"),
    ):
        if not {begin, RANDOM} <= set(begins):
            continue
        thresholds = f"Generalises {_from(begins[begin])}, from random weights {_from(begins[RANDOM])}"
        found.append(Finding(question, f"{_differences(table, begin)}. {thresholds}", _GAIN))
    return found


def _from(threshold: float) -> str:
    return "with none of the grid" if threshold == inf else f"from 2^{log2(threshold):.0f} tasks on"


def _differences(table: pd.DataFrame, begin: str) -> str:
    rows = table[(table["tasks"] == "unseen") & table["begins"].isin([begin, RANDOM])]
    wide = rows.pivot_table(index=["num_tasks", "seed"], columns="begins", values="accuracy").dropna()
    texts = []
    for count, of_count in wide.groupby("num_tasks"):
        difference = Difference.of(of_count[begin] - of_count[RANDOM])
        if difference is not None:
            texts.append(f"2^{log2(float(str(count))):.0f} {difference.text}")
    return "; ".join(texts)


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy by number of tasks: panels for seen and unseen tasks, a line per kind of initial weights."""
    means, scale = mean_accuracies(table), _SCALES[settings.scale]
    with panels(2, 2.7) as (figure, places):
        for axes, kind in zip(places[0], ("seen", "unseen"), strict=True):
            for colour, line, marker, begin in zip(
                COLOURS, ("-", "--", "-."), "osD", dict.fromkeys(table["begins"]), strict=False
            ):
                rows = means[(means["begins"] == begin) & (means["tasks"] == kind)]
                label = f"{begin} start"
                if begin in scale.axes:
                    label += f" ($2^{{{scale.axes[begin]}}}$ tasks)"
                plot_band(axes, rows, "num_tasks", "accuracy", colour=colour, label=label, line=line, marker=marker)
            powers_of_two(axes, "number of tasks")
            per_cent(axes, "accuracy at the last position" if kind == "seen" else "")
            axes.set(ylim=(0, 1), title=f"{kind} tasks")
        legend_above(figure)
    return figure


EXPERIMENT = Experiment(
    name="initialisation",
    title="Initialisation: memorising and generalising starts",
    question=(
        "Does the number of tasks alone decide whether a learner memorises or generalises, or do its initial weights "
        "matter too? Runs with increasing numbers of tasks begin with random weights, with those of a run that has "
        "memorised few tasks, or with those of a run that generalises from many. Smaller sets of tasks are parts of "
        "larger ones. All runs have the same number of steps, so a run that begins with another run's weights has had "
        "twice as many in total."
    ),
    grid=grid,
    measure=accuracies_at(-1),
    figure=draw,
    findings=find,
)
