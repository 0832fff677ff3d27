"""Thresholds on a grid, seeds at the jump, and the paper's numbers: a verdict only where the table decides."""

import math
from itertools import pairwise

import pandas as pd
import pytest

from gpicl.experiments import ablation, heatmap, learning_curve, transition
from gpicl.experiments.ablation import ALL, FAULTS, MLP, NONE, TRANSFORMER, only, variants, without
from gpicl.experiments.learning_curve import MAML, NEIGHBOUR, NOTHING, REGRESSION, SGD
from gpicl.experiments.reproduction import Finding, Reference, Settings, Threshold, power_of_two, threshold_at
from gpicl.metatesting import reference_name

SETTINGS = Settings("laptop")
KMNIST = Settings("laptop", {"fashion_mnist": "kmnist=kmnist.npz"})
SMOKE = Settings("smoke", {"mnist": "mnist_5k", "fashion_mnist": "digits"})
TOKEN, VALUE = "TokenTransformer", "ValueTransformer"
REFERENCE = Reference(2**14, 0.25, 4.0, power_of_two)
# Improvements on seen and on unseen tasks. One that memorises images is right at the first position.
MEMORISES, RECOGNISES, LEARNS, NOTHING_LEARNED = (0.02, 0.0), (0.6, 0.1), (0.6, 0.6), (0.01, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "agrees"),
    [
        (2**12, 2**15, True),
        (2**10, 2**13, True),
        (2**15, 2**24, True),
        (2**8, 2**11, False),
        (2**16, 2**18, False),  # it is above 2^16, which is the last value that is accepted
        (2**12, math.inf, None),
        (2**17, math.inf, False),
        (0, 2**13, None),
        (0, 2**11, False),
        (0, 1, False),
    ],
)
def test_a_threshold_agrees_if_a_possible_value_does_and_is_unknown_where_the_grid_ends(before, after, agrees):
    ours = Threshold(float(before), float(after)).possible.nearest(REFERENCE)
    assert Finding("From where?", "", "", "", ours, REFERENCE).agrees is agrees


def test_a_threshold_is_written_with_the_values_on_both_sides():
    grid = (64, 1024, 4096)
    assert threshold_at(1024.0, grid).text(power_of_two) == "above 2^6, at most 2^10"
    assert threshold_at(math.inf, grid).text(power_of_two) == "above 2^12, beyond the grid"
    assert threshold_at(64.0, grid).text(power_of_two) == "at most 2^6, where the grid begins"
    assert threshold_at(1.0, (1, 64)).text(power_of_two) == "2^0"


def sequences(
    improvements: dict[int, tuple[float, float]],
    seeds: int = 2,
    names: tuple[str, str] = ("mnist", "fashion_mnist"),
    learner: str = TOKEN,
    trained_on: str | None = None,
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"learner": learner, "trained_on": trained_on or names[0], "num_tasks": count, "seed": seed,
             "dataset": data, "tasks": kind, "position": position, "accuracy": accuracy}
            for count, gains in improvements.items()
            for seed in range(seeds)
            for data in names
            for kind, gain in zip(("seen", "unseen"), gains, strict=True)
            for start in [0.9 if kind == "seen" and gains == MEMORISES else 0.1]
            for position, accuracy in ((1, start), (100, start + gain + 0.01 * (seed % 2)))
        ]
    )  # fmt: skip


def asked(findings: list[Finding], words: str) -> Finding:
    (found,) = (each for each in findings if words in each.question)
    return found


def test_transition_does_not_contradict_the_paper_where_its_grid_ends_before_the_jump():
    found = transition.find(sequences({2**6: RECOGNISES, 2**10: RECOGNISES, 2**12: RECOGNISES}), SETTINGS)
    begins, jump, doublings = found[:3]
    assert (begins.agrees, jump.agrees, doublings.agrees) == (None, None, None), "from 2^0 on? to 2^14?"
    assert begins.found.startswith("at most 2^6, where the grid begins: ")
    assert jump.found == "above 2^12, beyond the grid"
    assert "there is none if the grid ends too early" in jump.rule


@pytest.mark.parametrize(("low", "high", "agrees"), [(12, 17, True), (8, 11, False), (17, 20, False)])
def test_transition_compares_all_numbers_of_tasks_between_two_of_its_grid(low, high, agrees):
    table = sequences({1: MEMORISES, 2**7: RECOGNISES, 2**low: RECOGNISES, 2**high: LEARNS})
    assert transition.find(table, SETTINGS)[1].agrees is agrees


def test_without_any_improvement_the_grid_says_nothing_of_doublings():
    assert transition.find(sequences({1: MEMORISES, 2**4: MEMORISES}), SETTINGS)[2].agrees is None


def test_a_dead_run_memorises_nothing_and_decides_nothing():
    table = sequences({1: MEMORISES, 2**7: RECOGNISES, 2**10: NOTHING_LEARNED, 2**14: LEARNS, 2**16: NOTHING_LEARNED})
    assert list(transition.phases(table)["phase"]) == [
        "instance memorisation", "task memorisation", "learns nothing", "learning to learn", "learns nothing",
    ]  # fmt: skip
    begins, jump, _ = transition.find(table, SETTINGS)[:3]
    assert "; learns nothing at 2^10, 2^16 tasks" in begins.found
    assert (begins.agrees, jump.agrees) == (True, True)
    assert jump.found == "above 2^7, at most 2^14"
    assert transition.EXPERIMENT.figure(table, SETTINGS).axes
    dead = transition.find(sequences({1: NOTHING_LEARNED, 2**7: NOTHING_LEARNED}), SETTINGS)[:3]
    assert [each.agrees for each in dead] == [None] * 3
    assert dead[1].found == "unknown"


def test_only_the_papers_learner_is_compared_with_it():
    table = sequences({1: MEMORISES, 2**7: RECOGNISES, 2**14: LEARNS}, learner=VALUE)
    assert not any(each.paper or each.reference for each in transition.find(table, SETTINGS))


def cells(generalises: set[tuple[int, int]], widths: tuple[int, ...], exponents: tuple[int, ...]) -> pd.DataFrame:
    """A heat map of the paper's learner: memorises, except in some cells (log2 of the number of tasks, width)."""
    return pd.DataFrame(
        [
            {"learner": TOKEN, "num_tasks": 2**n, "width": width, "seed": 0, "tasks": kind, "accuracy": accuracy}
            for n in exponents
            for width in widths
            for kind, accuracy in (("seen", 0.8), ("unseen", 0.79 if (n, width) in generalises else 0.1))
        ]
    )


def test_heatmap_compares_all_values_between_two_of_its_grid():
    widths, exponents = (8, 16, 32, 64), (0, 3, 6, 9, 12, 15)
    tasks, width = heatmap.find(cells({(15, 64)}, widths, exponents), SETTINGS)
    assert (tasks.agrees, width.agrees) == (True, True)
    assert tasks.found.endswith("Generalises from: above 2^12, at most 2^15 tasks.")
    assert width.found == "above 32, at most 64"
    tasks, width = heatmap.find(cells(set(), widths, exponents), SETTINGS)
    assert (tasks.agrees, width.agrees) == (False, None), "above 2^15 is too many; above 64 may be 128"
    tasks, width = heatmap.find(cells({(9, 8)}, widths, exponents), SETTINGS)
    assert (tasks.agrees, width.agrees) == (False, False)


def test_heatmap_does_not_compare_other_data_with_the_papers():
    table = pd.concat([cells({(15, 64)}, (8, 64), (0, 15)).assign(learner=name) for name in ("MLP", TOKEN, VALUE)])
    replaced = Settings("laptop", {"mnist": "kmnist=kmnist.npz"})
    assert [bool(each.paper) for each in heatmap.find(table, SETTINGS)] == [True] * 4 + [False] * 2
    assert not any(each.paper or each.reference for each in heatmap.find(table, replaced))
    dashed = [
        [line.get_linestyle() for line in heatmap.draw(table, which).axes[0].lines] for which in (SETTINGS, replaced)
    ]
    assert dashed == [["--"], []]


def at_the_jump(values: list[float], count: int = 2**13, **options) -> pd.DataFrame:
    """Seeds with some improvements on unseen tasks at one number of tasks, and few seeds at others."""
    others = {2**6: RECOGNISES, 2**12: RECOGNISES, 2**14: LEARNS}
    table = sequences({count: (0.8, 0.0)}, seeds=len(values), **options)
    last = (table["tasks"] == "unseen") & (table["position"] == 100)
    table.loc[last, "accuracy"] = 0.1 + table.loc[last, "seed"].map(dict(enumerate(values)))
    return pd.concat([sequences({n: gains for n, gains in others.items() if n != count}, **options), table])


def halves(seeds: int) -> list[float]:
    return [0.0] * (seeds // 2) + [0.6] * (seeds - seeds // 2)


@pytest.mark.parametrize(("seeds", "agrees"), [(4, None), (8, None), (9, None), (10, True), (16, True)])
def test_bimodality_has_a_verdict_from_ten_seeds_on(seeds, agrees):
    found = asked(transition.find(at_the_jump(halves(seeds)), SETTINGS), "bimodal")
    assert found.agrees is agrees
    assert f"at 2^13 tasks {seeds} seeds" in found.found
    assert ("unknown whether bimodal" in found.found) is (agrees is None)
    assert ("coefficient" in found.found) is (agrees is not None)


def test_bimodality_counts_only_next_to_the_change_of_phase():
    away = at_the_jump(halves(16), count=2**6)
    assert asked(transition.find(away, SETTINGS), "bimodal").agrees is None
    near = at_the_jump([0.3 + 0.01 * step for step in (-5, -3, -2, -2, -1, -1, 0, 0, 0, 0, 1, 1, 2, 2, 3, 5)])
    both = pd.concat([away[away["num_tasks"] == 2**6], near[near["num_tasks"] != 2**6]])
    assert asked(transition.find(both, SETTINGS), "bimodal").agrees is False
    table = at_the_jump(halves(16))
    before = table[table["num_tasks"] < 2**14]
    assert asked(transition.find(before, SETTINGS), "bimodal").agrees is None, "where the jump is, is unknown"


def test_the_papers_claim_of_bimodality_is_only_compared_with_its_data():
    names = ("fashion_mnist", "mnist")
    found = asked(transition.find(at_the_jump(halves(16), names=names), SETTINGS), "bimodal")
    assert (found.paper, found.agrees) == ("", None)
    assert asked(transition.find(at_the_jump(halves(16)), SETTINGS), "bimodal").paper
    assert "1 for two points; with ten seeds" in found.rule


def test_an_interval_over_seeds_needs_two():
    one, two = (transition.find(sequences({2**14: LEARNS}, seeds=seeds), SETTINGS)[3].found for seeds in (1, 2))
    assert one == "60.0%"
    assert two.startswith("60.5% (")


def test_the_paper_is_looked_up_by_the_label_of_a_data_set():
    assert [reference_name(name) for name in ("mnist_5k", "mnist", "digits")] == ["mnist", "mnist", "digits"]


def test_transition_does_not_compare_other_data_with_the_papers():
    table = sequences({1: MEMORISES, 2**14: LEARNS}, names=("mnist", "kmnist"))
    own, other = transition.find(table, KMNIST)[3:5]
    assert (own.paper, other.question, other.paper, other.reference) == (
        "about 60%", f"{TOKEN}, meta-trained on mnist: how much does it learn of kmnist?", "", None,
    )  # fmt: skip
    table = sequences({1: MEMORISES, 2**14: LEARNS}, names=("mnist_5k", "digits"))
    assert [each.paper for each in transition.find(table, SMOKE)[3:5]] == ["about 60%", ""]
    replaced = Settings("laptop", {"mnist": "kmnist=kmnist.npz"})
    table = sequences({1: MEMORISES, 2**14: LEARNS}, names=("kmnist", "fashion_mnist"))
    assert not any(each.paper or each.reference for each in transition.find(table, replaced))
    assert not [line for line in transition.EXPERIMENT.figure(table, replaced).axes[0].lines if dotted(line) > 0]
    figure = transition.EXPERIMENT.figure(sequences({1: MEMORISES, 2**14: LEARNS}), SETTINGS)
    assert [dotted(line) for line in figure.axes[0].lines if dotted(line) > 0] == [0.6, 0.42]
    assert "the paper" in [text.get_text() for text in figure.legends[0].get_texts()]
    assert not figure.axes[0].texts, "its line would strike it through"


def dotted(line) -> float:
    return float(line.get_ydata()[0]) if line.get_linestyle() == ":" else 0.0


def curves(names: tuple[str, str] = ("mnist", "fashion_mnist"), last: int = 100) -> pd.DataFrame:
    learners = [(learner, name) for learner in (learning_curve.TRANSFORMER, MAML) for name in names]
    learners += [(learner, NOTHING) for learner in (SGD, NEIGHBOUR, REGRESSION)]
    return pd.DataFrame(
        [
            {"learner": learner, "trained_on": trained, "dataset": tested, "seed": seed, "position": position,
             "accuracy": 0.1 + (0.6 - 0.05 * place) * position / last}
            for place, (learner, trained) in enumerate(learners)
            for tested in names
            for seed in (0, 1)
            for position in range(1, last + 1)
        ]
    )  # fmt: skip


def test_the_learning_curve_compares_with_the_paper_by_label():
    found = learning_curve.find(curves(("mnist_5k", "digits"), last=12), SMOKE)
    own, crossed = (asked(found, f"Meta-trained on mnist_5k, tested on {name}?") for name in ("mnist_5k", "digits"))
    assert own.reference is not None
    assert own.reference.value == pytest.approx(0.737)
    assert crossed.reference is None
    assert asked(found, "Meta-trained on digits, tested on mnist_5k?").reference is None
    assert asked(found, "ahead of the others on mnist_5k").paper
    for words in ("ahead of the others on digits", "not meta-trained on"):
        assert (asked(found, words).paper, asked(found, words).agrees) == ("", None)


def test_the_papers_point_is_drawn_only_with_its_data():
    def points(settings: Settings, names: tuple[str, str]) -> list[str]:
        figure = learning_curve.draw(curves(names), settings)
        return [axes.get_title() for axes in figure.axes for line in axes.lines if line.get_marker() == "D"]

    assert points(SETTINGS, ("mnist", "fashion_mnist")) == ["meta-tested on mnist", "meta-tested on fashion_mnist"]
    assert points(SMOKE, ("mnist_5k", "digits")) == ["meta-tested on mnist_5k"]
    assert points(Settings("laptop", {"mnist": "own=own.npz"}), ("own", "fashion_mnist")) == []


def faults(costs: dict[str, float], names: tuple[str, str] = ("mnist", "fashion_mnist")) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"learner": learner, "variant": name, "seed": 0, "dataset": data,
             "accuracy": 0.5 - sum(costs.get(fault, 0.0) for fault in present)}
            for learner in FAULTS
            for name, present in variants(learner)
            for data in names
        ]
    )  # fmt: skip


def test_ablation_compares_with_the_published_accuracies_only_on_mnist():
    replaced = Settings("laptop", {"mnist": "kmnist=kmnist.npz"})
    table = faults({ablation.RELU: 0.3}, ("kmnist", "fashion_mnist"))
    assert [each.paper for each in ablation.find(table, replaced) if "published" in each.question] == ["", ""]
    assert ablation.find(table, replaced)[0].found.startswith("on kmnist from ")
    assert ablation.draw(table, replaced).axes
    known = ablation.find(faults({}, ("mnist_5k", "digits")), SMOKE)
    assert all("earlier reproduction" in each.paper for each in known if "published" in each.question)


def test_faults_that_improve_are_no_shortfall():
    found = ablation.find(faults({ablation.RELU: -0.1}), SETTINGS)
    assert "no shortfall but a gain of 10.0 points: " in asked(found, f"{MLP}: what does").found
    assert asked(found, f"{MLP}: which faults explain").found == "there is no shortfall to explain"


def test_a_fault_whose_run_failed_is_named():
    table = faults({ablation.RELU: 0.3})
    gone = table["variant"].isin([only(ablation.SCALE), without(ablation.RELU)]) & (table["learner"] == MLP)
    found = ablation.find(table[~gone], SETTINGS)
    text = asked(found, f"{MLP}: what does").found
    assert "projection 1/N costs an unknown amount (a run failed), gives back 0.0 points" in text
    assert "ReLU on logits costs 30.0 points, gives back an unknown amount (a run failed)" in text
    explained = asked(found, f"{MLP}: which faults explain").found
    assert explained == "ReLU on logits; unknown of projection 1/N"
    for end in (ALL, NONE):
        found = ablation.find(table[table["variant"] != end], SETTINGS)
        assert asked(found, f"{TRANSFORMER}: what does").found == f"unknown: no run with {end}"


@pytest.mark.parametrize("columns", [6, 13])
def test_heatmap_labels_do_not_overlap(columns):
    generalises = {(n, width) for n in range(12, 25) for width in (64, 128)}
    exponents = tuple(range(0, 2 * columns, 2))
    table = pd.concat(
        [cells(generalises, (32, 64, 128), exponents).assign(learner=name) for name in ("MLP", TOKEN, VALUE)]
    )
    figure = heatmap.draw(table, SETTINGS)
    figure.canvas.draw()
    boxes = [
        [label.get_window_extent() for label in labels]
        for axes in figure.axes[3:6]
        for labels in (
            [label for label in axes.get_xticklabels() if label.get_text()],
            [text for text in axes.texts if text.get_position()[1] == 0],
        )
    ]
    assert all(left.x1 < right.x0 for row in boxes for left, right in pairwise(row))


@pytest.mark.parametrize("draw", ["transition", "learning curve"])
def test_legends_are_as_wide_as_the_page_at_most(draw):
    if draw == "transition":
        parts = [sequences({1: MEMORISES, 2**14: LEARNS}, learner=name) for name in (TOKEN, VALUE)]
        figure = transition.EXPERIMENT.figure(pd.concat(parts), SETTINGS)
    else:
        figure = learning_curve.draw(curves(), SETTINGS)
    figure.canvas.draw()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width


def test_the_ticks_of_the_ablation_have_the_decimals_that_they_need():
    axes = ablation.draw(faults({}), SETTINGS).axes[0]
    axes.set_xlim(0.75, 0.8)
    axes.set_xticks([0.775, 0.78])
    axes.figure.canvas.draw()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["77.5%", "78.0%"]
