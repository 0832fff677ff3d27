"""The plateau: what is measured of gradients, and what the page makes of grids that change several things."""

import math
from itertools import product

import pandas as pd
import pytest

from gpicl.experiments import plateau
from gpicl.experiments.plateau.grid import BIAS_ALONE, DIVERSITY, EPSILON, INTERACTION, KINDS, NO_CONTEXT
from gpicl.experiments.plateau.layers import STATISTICS_FILE, layer_of
from gpicl.experiments.plateau.length import LAYERS, measure
from gpicl.experiments.reproduction import Finding, Settings, changed, find_sources
from gpicl.experiments.sweep import SweptRun
from gpicl.metatraining import meta_train
from gpicl.runs.train_and_test import train_and_test

SETTINGS = Settings("laptop")
BASE = {"seed": 0, "batch": 32, "num_tasks": "unlimited", "epsilon": 1e-8, "bias": 1.0, "repetition": 0.5, "width": 32,
        "features": 16, "optimiser": "adam", "learner": "TokenTransformer", "kinds": "images", "ended": True,
        "lowest": 0.5, "accuracy": 0.5}  # fmt: skip


def row(axis: str, steps: float, loss: str = "training", **settings: object) -> dict[str, object]:
    value = ", ".join(f"{name} {each}" for name, each in settings.items())
    return {**BASE, "axis": axis, "value": value, "loss": loss, "plateau": steps, **settings}


def findings(rows: list[dict[str, object]]) -> dict[str, Finding]:
    return {finding.question: finding for finding in plateau.find(pd.DataFrame(rows), SETTINGS)}


def factorial(interaction: float) -> list[dict[str, object]]:
    """A batch that halves the plateau and an epsilon that doubles it, more so with the larger batch."""
    rows = []
    for batch, epsilon, bias in product((16, 64), (1e-8, 1e-3), (1.0, 0.1)):
        large, slow = batch == 64, epsilon > 1e-5
        steps = 800 * 0.5**large * 2.0**slow * interaction ** (large and slow)
        rows.append(row(INTERACTION, steps, batch=batch, epsilon=epsilon, bias=bias))
    return rows


def test_effects_that_multiply_are_no_interaction():
    (found,) = findings(factorial(1.0)).values()
    assert "task batch 16 to 64: x0.50" in found.found
    assert "epsilon 1e-08 to 0.001: x2.00" in found.found
    assert "bias intervention 1.0 to 0.1: x1.00" in found.found
    assert "Interactions: none" in found.found


def test_an_effect_that_depends_on_another_is_an_interaction():
    (found,) = findings(factorial(4.0)).values()
    assert "Interactions: task batch and epsilon x2.00" in found.found
    assert findings(factorial(4.0)[1:]) == {}, "a combination is missing, so no effect can be told"


@pytest.mark.parametrize(("with_bias", "agrees"), [(300, True), (900, False), (1500, False)])
def test_bias_shortens_a_plateau_or_does_not(with_bias, agrees):
    rows = [
        row(BIAS_ALONE, steps, "unseen", bias=bias, optimiser=optimiser)
        for optimiser in ("adam", "muon")
        for bias, steps in ((1.0, 1000), (0.1, with_bias))
    ]
    (found,) = findings(rows).values()
    assert found.agrees is agrees
    assert found.ours == pytest.approx(1000 / with_bias)
    assert f"with repetitions, muon, width 32: 1000 without bias, {with_bias} with it" in found.found


@pytest.mark.parametrize(
    ("without", "with_bias", "agrees"),
    [
        ((2500, False), (2400, True), None),  # at least 1.04: it may be more
        ((2500, False), (1000, True), True),  # at least 2.5
        ((1000, True), (2500, False), False),  # at most 0.4
        ((2500, True), (1500, False), None),  # at most 1.67: it may be less
        ((2500, False), (2500, False), None),
    ],
)
def test_a_plateau_that_did_not_end_decides_only_what_its_bound_decides(without, with_bias, agrees):
    pairs = zip((1.0, 0.1), (without, with_bias), strict=True)
    rows = [row("permutation probability", steps, bias=bias, ended=ended) for bias, (steps, ended) in pairs]
    rows += [{**each, "axis": BIAS_ALONE} for each in rows]
    found = findings(rows)
    assert found["Does the bias intervention shorten it (training loss)?"].agrees is agrees
    detail = found["When does the bias intervention shorten it (training loss)?"]
    assert detail.agrees is agrees
    assert ("in 0 of 0 known cases, 1 unknown" in detail.found) == (agrees is None)


@pytest.mark.parametrize(
    ("lengths", "median", "known"),
    [
        ([(800, True), (900, True), (2500, False)], 900, True),
        ([(800, True), (900, False), (2500, False)], 900, False),
        ([(500, False), (900, True), (1000, True)], 900, False),  # the first may be the longest
        ([(800, True), (900, False)], 850, False),
    ],
)
def test_a_median_is_known_if_all_up_to_it_ended(lengths, median, known):
    rows = [{**row("task batch", steps), "seed": seed, "ended": ended} for seed, (steps, ended) in enumerate(lengths)]
    (found,) = plateau.findings.mean_lengths(pd.DataFrame(rows)).to_dict("records")
    assert (found["plateau"], found["ended"]) == (median, known)


def test_run_lengths_are_no_trend_of_plateaus():
    batches = ((8, 5000), (16, 3500), (32, 2500), (64, 2000))
    rows = [{**row("task batch", steps), "value": str(batch), "ended": False} for batch, steps in batches]
    (found,) = findings(rows).values()
    assert "correlation" not in found.found
    assert "power law" not in found.found


def test_no_effects_are_given_where_most_plateaus_did_not_end():
    (found,) = findings([{**each, "ended": False} for each in factorial(1.0)]).values()
    assert found.found == "8 of 8 plateaus did not end."


def test_there_is_no_verdict_on_bias_if_no_plateau_ended():
    rows = [row(BIAS_ALONE, 1000, bias=bias, ended=False) for bias in (1.0, 0.1)]
    (found,) = findings(rows).values()
    assert found.agrees is None
    assert "> 1000 without bias" in found.found


def test_what_can_be_read_from_biased_tasks_without_a_context_is_reported():
    rows = [row(NO_CONTEXT, 100, bias=0.1, features=count, lowest=low) for count, low in ((8, 0.9), (64, 0.7))]
    (found,) = findings(rows).values()
    assert found.found == "8 features, 90% bias: 90.0%; 64 features, 90% bias: 70.0%"


@pytest.mark.parametrize(("four", "agrees"), [(400, True), (1000, False), (1600, False)])
def test_more_kinds_of_tasks_shorten_a_plateau_or_do_not(four, agrees):
    rows = [
        row(DIVERSITY, steps, "unseen", kinds=kinds, num_tasks=number)
        for number in ("256", "unlimited")
        for kinds, steps in (("images", 1000), ("four kinds", four))
    ]
    found = findings(rows)
    assert found["Do more kinds of tasks shorten it (unseen loss)?"].agrees is agrees
    assert found["Do more tasks of one kind lengthen it (unseen loss)?"].ours == 1.0


def layers(kept: float) -> list[dict[str, object]]:
    rows = [row(EPSILON, steps, epsilon=epsilon) for epsilon, steps in ((1e-8, 700), (1e-3, 1100))]
    for epsilon, left in ((1e-8, 1.0), (1e-3, kept)):
        for phase, root in (("before", 1e-2), ("on", 1e-4), ("after", 1e-3)):
            statistics = {"layer": "readout", "phase": phase, "gradient": 10 * root, "root_second_moment": root}
            rows.append({**row(EPSILON, math.nan, LAYERS, epsilon=epsilon), **statistics, "kept": left})
    return rows


def test_epsilon_explains_a_longer_plateau_where_it_shortens_the_steps():
    question = "Why does a smaller epsilon shorten it?"
    assert "from 0.001 on" in findings(layers(0.1))[question].found
    assert "readout), plateau 1100 steps" in findings(layers(0.1))[question].found
    assert "nowhere" in findings(layers(0.95))[question].found
    never = layers(0.95)
    never[1]["ended"] = False
    never = [each for each in never if each["loss"] != LAYERS or each["epsilon"] == 1e-8]
    assert "unknown for 0.001, with which the plateau did not end" in findings(never)[question].found
    gradients = findings(layers(0.1))["What do gradients look like before, on and after the plateau?"]
    assert "readout: 1.0e-01 (1.0e-02), 1.0e-03 (1.0e-04), 1.0e-02 (1.0e-03)" in gradients.found


def test_layers_are_named():
    names = ["embed.weight", "positions", "blocks.0.0.queries.weight", "blocks.1.1.up.bias", "readout.bias"]
    assert [layer_of(name) for name in names] == ["embed", "positions", "block 1 attention", "block 2 MLP", "readout"]


@pytest.fixture(scope="module")
def plateau_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plateau")
    settings = Settings("smoke", find_sources("smoke", None), folder)
    run = next(run for run in plateau.grid(settings) if run.keys["axis"] == EPSILON)
    callbacks = [type(run.config.training.callbacks[0])(run.config.training.callbacks[0].name, {"every": 2})]
    config = changed(run.config, {"training.steps": 6, "training.callbacks": callbacks, "testing.episodes": 2})
    train_and_test(config, str(folder), "", lambda _: None, report=False)
    return SweptRun(config, run.keys), folder


def test_statistics_are_recorded_layer_by_layer_before_the_gradient_is_clipped(plateau_run):
    swept, output = plateau_run
    table = pd.read_csv(swept.folder(output) / STATISTICS_FILE)
    assert list(table["step"].unique()) == [1, 2, 4]
    assert set(table["layer"]) == {"embed", "positions", "block 1 attention", "block 1 MLP", "norm", "readout"}
    assert (table["gradient"] > 0).all()
    assert table["kept"].between(0, 1).all()
    assert (table["root_second_moment"] >= 0).all()


def test_a_resumed_run_has_the_statistics_of_one_that_was_not_interrupted(plateau_run, tmp_path):
    swept, output = plateau_run
    for steps in (3, -1):
        meta_train(swept.config, tmp_path, max_steps=steps)
    resumed, whole = (pd.read_csv(swept.folder(folder) / STATISTICS_FILE) for folder in (tmp_path, output))
    pd.testing.assert_frame_equal(resumed, whole)


def test_a_run_is_measured_with_its_settings_and_its_layers(plateau_run, monkeypatch):
    swept, output = plateau_run
    monkeypatch.setattr("gpicl.experiments.plateau.length.BELOW", {"loss": 9.0, "unseen_loss": 9.0})
    rows = list(measure(swept, swept.folder(output)))
    training, unseen, *of_layers = rows
    assert (training["loss"], unseen["loss"]) == ("training", "unseen")
    assert training["epsilon"] == swept.config.training.epsilon
    assert training["kinds"] == "images"
    assert {row["phase"] for row in of_layers} == {"before", "on", "after"}


def test_kinds_of_tasks_can_be_made_of_the_smallest_grid():
    places = [run.config.tasks.widen for run in plateau.grid(SETTINGS) if run.keys["axis"] == DIVERSITY]
    assert [widen for widen in KINDS.values() if widen not in places] == []
