"""Longer sequences: what the paper's learner gains from more examples (paper, appendix)."""

from itertools import pairwise
from math import inf, nan
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gpicl.experiments.reproduction import (
    OFF_THE_PLATEAU,
    OVER_SEEDS,
    Experiment,
    Finding,
    Reference,
    Scale,
    Settings,
    lay_out,
    over_seeds,
    times,
)
from gpicl.experiments.reproduction.figures import legend_above, panels, per_cent, plot_band
from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.metatraining import LearnerConfig
from gpicl.report import COLOURS

_TESTED_ON = ("mnist", "fashion_mnist", "kmnist")

# `lengths` maps each length to its batch, which shrinks as episodes grow.
_SCALES = {
    "smoke": Scale(
        {"learner": LearnerConfig("TokenTransformer", {"layers": 1, "width": 8, "heads": 1, "key_size": 8})},
        axes={"lengths": {6: 2, 12: 2}},
    ),
    "laptop": Scale(
        {
            "learner": LearnerConfig("TokenTransformer", {"layers": 3, "width": 64, "heads": 2, "key_size": 32}),
            "training.steps": 1600,
            **OFF_THE_PLATEAU,
            "tasks.anneal_steps": 1000,
        },
        seeds=3,
        axes={"lengths": {50: 128, 100: 64, 200: 64, 500: 32}},
    ),
    "gpu": Scale(
        {**OFF_THE_PLATEAU, "tasks.anneal_steps": 3000, "training.steps": 10_000},
        seeds=3,
        axes={"lengths": {50: 1024, 100: 512, 200: 256, 500: 128}},
    ),
}


def grid(settings: Settings) -> list[SweptRun]:
    """Lay out the runs: episode lengths x seeds."""
    scale = _SCALES[settings.scale]
    places: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (
            {"length": length},
            {"tasks.length": length, "learner.options.max_length": length, "training.batch": batch},
        )
        for length, batch in scale.axes["lengths"].items()
    ]
    return lay_out(settings, scale, places, tested_on=_TESTED_ON)


_CHANCE = 0.1
_RULE = (
    f"accuracy at the last position on unseen tasks of held-out images; {OVER_SEEDS}. The number is the smallest ratio "
    "of the accuracy with one length to that with the next shorter one. There is none if no interval is above guessing."
)
_WITHIN = (
    "in the runs with the longest episodes, the accuracy at the last position divided by that at the length of the "
    "shortest episodes; the smallest ratio of all data sets."
)
_SAME = (
    "accuracy at the last position of the shortest episodes: that of the runs with the longest episodes divided by "
    "that of the runs with the shortest; the smallest ratio of all data sets."
)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report whether longer episodes end higher, whether accuracy keeps rising, and what they cost at the start."""
    means = over_seeds(table, ["length", "dataset", "position"])
    rises = Reference(1.0, 1.001, inf)
    found = []
    last = means[means["length"] == means["position"]]
    for dataset in dict.fromkeys(table["dataset"]):
        ends = last[last["dataset"] == dataset].sort_values("length")
        text = "; ".join(
            f"episodes of {row['length']}: {row['accuracy']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
            for _, row in ends.iterrows()
        )
        ratio = min((times(b, a) for a, b in pairwise(ends["accuracy"])), default=nan)
        ratio = ratio if (ends["low"] > _CHANCE).any() else nan
        says = "accuracy at the end rises with the length"
        found.append(Finding(f"On {dataset}: do longer episodes end higher?", text, _RULE, says, ratio, rises))
    short, long = int(means["length"].min()), int(means["length"].max())
    if short == long:  # all others failed
        return found
    if (last[last["length"] == long]["low"] <= _CHANCE).all():
        text = f"unknown: runs with episodes of {long} are at chance, because they have not left the plateau"
        return [*found, Finding(f"What do episodes of {long} cost after {short - 1} examples?", text, _SAME)]
    early = _accuracies(means, long, short)
    ends_long, ends_short = _accuracies(means, long, long), _accuracies(means, short, short)
    texts = [f"{name} from {early[name]:.1%} to {ends_long[name]:.1%}" for name in early.index]
    question = f"Does accuracy rise from {short - 1} to {long - 1} examples?"
    rise = min(times(ends_long[name], early[name]) for name in early.index)
    found.append(Finding(question, "; ".join(texts), _WITHIN, "", rise, None))
    texts = [f"{name} {early[name]:.1%} against {ends_short[name]:.1%}" for name in early.index]
    question = f"What do long episodes cost after {short - 1} examples?"
    cost = min(times(early[name], ends_short[name]) for name in early.index)
    return [*found, Finding(question, "; ".join(texts), _SAME, "", cost, None)]


def _accuracies(means: pd.DataFrame, length: int, position: int) -> "pd.Series[float]":
    rows = means[(means["length"] == length) & (means["position"] == position)]
    return rows.set_index("dataset")["accuracy"]


def draw(table: pd.DataFrame, settings: Settings) -> Figure:
    """Draw accuracy at every position: one panel per data set, one line per length."""
    means = over_seeds(table, ["length", "dataset", "position"])
    datasets = list(dict.fromkeys(table["dataset"]))
    styles = ("-", "--", "-.", ":")
    with panels(len(datasets), 2.6) as (figure, places):
        for axes, dataset in zip(places[0], datasets, strict=True):
            for i, (length, rows) in enumerate(means[means["dataset"] == dataset].groupby("length")):
                plot_band(axes, rows, "position", "accuracy", colour=COLOURS[i % len(COLOURS)],
                          label=f"episodes of {length}", line=styles[i % len(styles)], marker="")  # fmt: skip
            per_cent(axes, "accuracy" if axes is places[0, 0] else "")
            axes.set(xscale="log", xlabel="position in the episode", ylim=(0, 1), title=f"meta-tested on {dataset}")
            axes.xaxis.set_major_formatter("{x:g}")
        legend_above(figure)
    return figure


EXPERIMENT = Experiment(
    name="long-sequences",
    title="Long sequences: what more examples add",
    question=(
        "Episodes in the paper have 100 examples. Here its Transformer is meta-trained on MNIST with episodes of 50 to "
        "500 examples, and tested on unseen tasks with episodes of the same length, because it learns an embedding for "
        "each position. All runs have the same number of steps; the batch shrinks as the episodes grow."
    ),
    grid=grid,
    measure=accuracies_at(),
    figure=draw,
    findings=find,
)
