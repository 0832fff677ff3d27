"""The plateau: verdicts where plateaus did not end, and a figure whose labels can be read."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from gpicl.experiments import plateau
from gpicl.experiments.plateau.bounds import Ratio, median_of
from gpicl.experiments.plateau.figure import draw
from gpicl.experiments.plateau.findings import mean_lengths
from gpicl.experiments.plateau.grid import (
    BATCH,
    BIAS,
    BIAS_ALONE,
    DIVERSITY,
    EPSILON,
    INTERACTION,
    KINDS,
    NO_CONTEXT,
    TASKS,
    UNLIMITED,
)
from gpicl.experiments.plateau.layers import PHASES
from gpicl.experiments.plateau.length import LAYERS
from gpicl.experiments.reproduction import Finding, Settings, find_sources

Length = tuple[float, bool]
"""Steps of a plateau, and whether it ended."""


def trend(axis: str, lengths: dict[str, Length]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"axis": axis, "value": value, "seed": 0, "loss": "training", "plateau": steps, "ended": ended}
            for value, (steps, ended) in lengths.items()
        ]
    )


def bias(*pairs: tuple[Length, Length]) -> Finding:
    """What is found of pairs of plateaus without bias and with it."""
    rows = [
        {"axis": BIAS_ALONE, "value": "", "seed": 0, "loss": "unseen", "repetition": 0.5, "optimiser": "adam"}
        | {"width": width, "features": 8, "bias": probability, "plateau": steps, "ended": ended}
        for width, pair in enumerate(pairs)
        for probability, (steps, ended) in zip((1.0, 0.1), pair, strict=True)
    ]
    (found,) = plateau.find(pd.DataFrame(rows), Settings())
    return found


@pytest.mark.parametrize(
    ("first", "last", "ours", "text"),
    [
        ((2500, False), (2400, True), None, "; the ratio is at least 1.04"),
        ((2500, False), (1000, True), 2.5, "; the ratio is at least 2.50"),
        ((1000, True), (2500, False), 0.4, "; the ratio is at most 0.40"),
        ((2500, True), (1500, False), None, "; the ratio is at most 1.67"),
        ((2500, False), (2500, False), None, "; the ratio is unknown"),
        ((1000, True), (500, True), 2.0, " steps"),
    ],
)
def test_the_text_says_the_bound_on_a_ratio(first, last, ours, text):
    (found,) = plateau.find(trend(BIAS, {"1.0": first, "0.1": last}), Settings())
    assert found.ours == ours
    assert found.found.endswith(text)


ENDED, NEVER = (1000, True), (4000, False)


@pytest.mark.parametrize(
    ("pairs", "agrees", "cases", "bound"),
    [
        # One known case decides nothing where seven are unknown.
        ([((2000, True), ENDED), *[(NEVER, NEVER)] * 7], None, "in 1 of 1 known cases, 7 unknown", "unknown"),
        # 1.1 and at least 1.3: the median is at least 1.2.
        ([((1100, True), ENDED), ((1300, False), ENDED)], None, "in 1 of 2 known cases, 0 unknown", "at least 1.20"),
        # 2 and at most 0.25: the median is 1 to 1.125.
        ([((2000, True), ENDED), (ENDED, NEVER)], False, "in 1 of 2 known cases, 0 unknown", "1.00 to 1.12"),
        ([(NEVER, NEVER)] * 8, None, "in 0 of 0 known cases, 8 unknown", "unknown"),
        ([(NEVER, ENDED)] * 2 + [(NEVER, NEVER)], True, "in 2 of 2 known cases, 1 unknown", "at least 4.00"),
    ],
)
def test_the_median_of_bounds_is_a_bound(pairs, agrees, cases, bound):
    found = bias(*pairs)
    assert found.agrees is agrees
    assert found.found.startswith(cases)
    assert found.found.endswith(f"; the median ratio is {bound}")


def test_the_median_of_no_ratios_is_unknown():
    assert median_of([]) == Ratio(0.0, math.inf)
    assert Ratio(0.0, math.inf).number is None


def test_kinds_and_numbers_of_tasks_have_bounds_too():
    rows = [
        {"axis": DIVERSITY, "value": "", "seed": 0, "loss": "unseen", "kinds": kinds, "num_tasks": number}
        | {"plateau": steps, "ended": ended}
        for kinds, number, (steps, ended) in (
            ("images", "256", ENDED),
            ("images", UNLIMITED, (1100, False)),
            ("four kinds", "256", (900, True)),
            ("four kinds", UNLIMITED, (900, True)),
        )
    ]
    kinds, numbers = plateau.find(pd.DataFrame(rows), Settings())
    assert (kinds.agrees, numbers.agrees) == (None, None)
    assert kinds.found.endswith("; the median ratio is at least 1.17")
    assert numbers.found.endswith("; the ratio is at least 1.10")
    (kinds,) = plateau.find(pd.DataFrame(rows[1:3]), Settings())
    assert kinds.found.endswith("; the median ratio is unknown"), "no number of tasks has both"


def test_the_rules_say_what_a_bound_does():
    rules = [bias((ENDED, ENDED)).rule, plateau.find(trend(TASKS, {"16": ENDED, "256": ENDED}), Settings())[0].rule]
    for rule in rules:
        assert "A plateau that did not end (>) makes the number a bound. There is no number if" in rule


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 2, 1], [2, 1, 0]])
def test_a_median_is_known_whatever_the_order_of_seeds(order):
    """Of 800, 900 and at least 900 the median is 900."""
    table = pd.DataFrame(
        [
            {"axis": BATCH, "value": "8", "seed": seed, "loss": "training", "plateau": steps, "ended": ended}
            for seed, (steps, ended) in enumerate([(800, True), (900, True), (900, False)])
        ]
    )
    (found,) = mean_lengths(table.iloc[order]).to_dict("records")
    assert (found["plateau"], found["ended"]) == (900, True)


def test_the_correlation_is_given_only_if_all_plateaus_ended():
    lengths = {"1e-12": (100.0, True), "1e-08": (200.0, True), "0.001": (300.0, True)}
    (found,) = plateau.find(trend(EPSILON, lengths), Settings())
    assert "rank correlation of value and length: 1.00" in found.found
    (found,) = plateau.find(trend(EPSILON, {**lengths, "0.001": (300, False)}), Settings())
    assert "rank correlation of" not in found.found
    assert "The rank correlation is given if all plateaus ended." in found.rule


def test_equal_plateaus_have_no_correlation():
    (found,) = plateau.find(trend(BATCH, {"8": ENDED, "16": ENDED, "32": ENDED}), Settings())
    assert "r =" not in found.found
    assert "correlation" not in found.found


def test_the_power_law_says_which_batches_it_is_of():
    lengths = {"8": (5000, False), "16": (4000, True), "32": (2000, True), "64": (1000, True)}
    (found,) = plateau.find(trend(BATCH, lengths), Settings())
    assert "best fitting power law of the 3 batches whose plateaus ended: batch^-1.00 (r = -1.00)" in found.found


def test_the_page_says_in_how_many_runs_a_plateau_ended():
    base = {"axis": EPSILON, "value": "0.001", "epsilon": 1e-3}
    rows = [
        {**base, "seed": seed, "loss": "training", "plateau": steps, "ended": ended}
        for seed, (steps, ended) in enumerate([(1100, True), (2500, False)])
    ]
    statistics = {"layer": "readout", "gradient": 1.0, "root_second_moment": 1.0, "kept": 0.5}
    rows += [{**base, "seed": 0, "loss": LAYERS, "phase": phase, **statistics} for phase in PHASES]
    found = {each.question: each.found for each in plateau.find(pd.DataFrame(rows), Settings())}
    assert found["Why does a smaller epsilon shorten it?"].endswith("plateau 1100 steps in 1 of 2 runs")


@pytest.mark.parametrize(
    ("axis", "seeds"),
    [(EPSILON, {0, 1, 2}), (INTERACTION, {0}), (BIAS_ALONE, {0}), (NO_CONTEXT, {0}), (DIVERSITY, {0})],
)
def test_grids_that_change_one_thing_have_more_seeds_and_the_others_have_one(axis, seeds):
    runs = [run for run in plateau.grid(Settings("laptop", seeds=3)) if run.keys["axis"] == axis]
    assert {run.keys["seed"] for run in runs} == seeds


def table_of(scale: str, spread: float) -> pd.DataFrame:
    """A table as a scale makes it; a spread of 0 makes all plateaus 1,000 steps, 1 makes them very different."""
    rows = []
    for place, run in enumerate(plateau.grid(Settings(scale, find_sources(scale, None)))):
        tasks, training = run.config.tasks, run.config.training
        kinds = next(name for name, widen in KINDS.items() if widen == tasks.widen)
        number = UNLIMITED if tasks.num_tasks is None else str(tasks.num_tasks)
        settings = {**run.keys, "num_tasks": number, "kinds": kinds, "epsilon": training.epsilon}
        steps = round(1000 * 2 ** (spread * (place % 7 - 3)))
        rows += [{**settings, "loss": loss, "plateau": steps, "ended": True} for loss in ("training", "unseen")]
        if run.keys["axis"] == EPSILON:
            blocks = range(1, run.config.learner.options["layers"] + 1)
            names = ["embed", *(f"block {block} {part}" for block in blocks for part in ("attention", "MLP")), "norm"]
            moments = {"loss": LAYERS, "root_second_moment": 1e-4}
            rows += [{**settings, **moments, "layer": name, "phase": phase} for name in names for phase in PHASES]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("scale", "spread"), [("laptop", 0.0), ("laptop", 0.1), ("gpu", 0.1), ("gpu", 2.0)])
def test_the_labels_of_the_figure_can_be_read(scale, spread):
    figure = draw(table_of(scale, spread), Settings(scale))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    assert len(figure.axes) == 8
    for axes in figure.axes:
        labels = axes.get_xticklabels()
        places = [axes.transData.transform((place, 1))[0] for place in axes.get_xticks()]
        for (one, left), (other, right) in pairwise(zip(labels, places, strict=True)):
            if other.get_rotation():
                height = other.get_fontsize() * figure.dpi / 72
                assert (right - left) * np.sin(np.radians(other.get_rotation())) > height
            else:
                assert one.get_window_extent().x1 < other.get_window_extent().x0
        low, high = axes.get_ylim()
        shown = [label.get_text() for label in axes.get_yticklabels() if low <= label.get_position()[1] <= high]
        assert axes is figure.axes[-1] or len(shown) >= 2
        assert len(set(shown)) == len(shown)
        if legend := axes.get_legend():
            assert legend.get_window_extent().y1 < axes.xaxis.label.get_window_extent().y0
