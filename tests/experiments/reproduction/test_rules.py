"""The rules by which pages judge: each says what it should of tables that are clear."""

import math

import numpy as np
import pandas as pd
import pytest

from gpicl.experiments import ablation, heatmap, initialisation, long_sequences, phases, plateau, transition
from gpicl.experiments.ablation import ALL, FAULTS, MLP, NONE, TRANSFORMER, variants
from gpicl.experiments.heatmap import verdicts
from gpicl.experiments.plateau import plateau_of
from gpicl.experiments.reproduction import Finding, Reference, Settings, over_seeds
from gpicl.experiments.transition import bimodality
from gpicl.metatesting import accuracy_over_seeds, mean_interval

SETTINGS = Settings("laptop")


def places(*rows: tuple[str, int, float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"learner": learner, "num_tasks": count, "width": 64, "seed": 0, "tasks": kind, "accuracy": accuracy}
            for learner, count, seen, unseen in rows
            for kind, accuracy in (("seen", seen), ("unseen", unseen))
        ]
    )


def test_heatmap_tells_memorising_from_generalising():
    table = places(
        ("TokenTransformer", 1, 0.95, 0.11),
        ("TokenTransformer", 64, 0.8, 0.4),
        ("TokenTransformer", 4096, 0.74, 0.72),
        ("TokenTransformer", 2**16, 0.1, 0.1),
    )
    assert list(verdicts(table)["verdict"]) == ["memorises", "in between", "generalises", "learns neither"]
    found, width = heatmap.find(table, SETTINGS)
    assert (found.ours, found.agrees, width.ours, width.agrees) == (4096, True, None, None), "64 is the smallest"
    assert "memorises in 1 of 4 cells (2^0 tasks)" in found.found


def test_heatmap_disagrees_with_the_paper_where_an_mlp_generalises_or_the_order_is_wrong():
    assert heatmap.find(places(("MLP", 1, 0.9, 0.1), ("MLP", 4096, 0.1, 0.1)), SETTINGS)[0].agrees
    assert not heatmap.find(places(("MLP", 1, 0.9, 0.1), ("MLP", 4096, 0.5, 0.5)), SETTINGS)[0].agrees
    backwards = places(("TokenTransformer", 1, 0.7, 0.7), ("TokenTransformer", 4096, 0.9, 0.1))
    assert not heatmap.find(backwards, SETTINGS)[0].agrees
    never = places(("TokenTransformer", 1, 0.9, 0.1), ("TokenTransformer", 4096, 0.9, 0.1))
    assert [found.agrees for found in heatmap.find(never, SETTINGS)] == [None, None]
    assert [found.agrees for found in heatmap.find(places(("MLP", 1, 0.1, 0.1)), SETTINGS)] == [True, False]


def sequences(improvements: dict[int, tuple[float, float]], trained_on: str = "mnist") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "learner": "TokenTransformer",
                "trained_on": trained_on,
                "num_tasks": count,
                "seed": seed,
                "dataset": data,
                "tasks": kind,
                "position": position,
                "accuracy": accuracy,
            }
            for count, (seen, unseen) in improvements.items()
            for seed in (0, 1)
            for data in ("mnist", "fashion_mnist")
            for kind, gain in (("seen", seen), ("unseen", unseen))
            # One that memorises images is right at the first position of a seen task.
            for start in [0.9 if kind == "seen" and seen < 0.1 else 0.1]
            for position, accuracy in ((1, start), (100, start + gain + 0.01 * seed))
        ]
    )


def test_transition_marks_three_phases_in_their_order():
    table = sequences({1: (0.02, 0.0), 64: (0.4, 0.1), 2**14: (0.6, 0.6)})
    judged = list(transition.phases(table)["phase"])
    assert judged == ["instance memorisation", "task memorisation", "learning to learn"]
    found = transition.find(table, SETTINGS)
    assert [each.ours for each in found[:3]] == [64, 2**14, 7]
    assert [each.agrees for each in found[:4]] == [True] * 4
    assert "task memorisation at 2^6 tasks" in found[0].found


def test_transition_disagrees_where_the_jump_is_elsewhere_or_a_phase_is_missing():
    early = transition.find(sequences({1: (0.02, 0.0), 64: (0.4, 0.1), 2**9: (0.6, 0.6)}), SETTINGS)
    assert [each.agrees for each in early[:3]] == [True, False, True], "2^9 tasks are not 2^14"
    never = transition.find(sequences({1: (0.02, 0.0), 64: (0.4, 0.1)}), SETTINGS)
    assert [each.agrees for each in never[:3]] == [True, None, None]
    assert never[1].row()[3:6] == ["unknown", "2^14", ""]
    lost_again = transition.find(sequences({64: (0.6, 0.6), 2**14: (0.4, 0.1)}), SETTINGS)
    assert not lost_again[1].agrees
    assert [each.agrees for each in transition.find(sequences({64: (0.4, 0.4)}), SETTINGS)[3:5]] == [False, True]


def seeds(values: list[float]) -> pd.DataFrame:
    table = sequences({2**13: (0.6, 0.0)})
    rows = table[(table["seed"] == 0) & (table["dataset"] == "mnist")]
    unseen = (rows["tasks"] == "unseen") & (rows["position"] == 100)
    return pd.concat(
        [
            rows.assign(seed=seed, accuracy=rows["accuracy"].where(~unseen, 0.1 + value))
            for seed, value in enumerate(values)
        ]
        + [rows.assign(seed=seed, dataset="fashion_mnist") for seed in range(len(values))]
        + [sequences({2**12: (0.6, 0.0), 2**14: (0.6, 0.6)})]
    )


@pytest.mark.parametrize(
    ("values", "agrees"),
    [
        ([0.01, 0.02, 0.0, 0.03, 0.01, 0.02, 0.03, 0.0, 0.6, 0.61, 0.58, 0.6, 0.59, 0.62, 0.6, 0.6], True),
        ([0.3 + 0.01 * step for step in (-5, -3, -2, -2, -1, -1, 0, 0, 0, 0, 1, 1, 2, 2, 3, 5)], False),
        ([0.3] * 16, None),
        ([0.0, 0.01, 0.02, 0.03] * 4, None),  # all before the jump
        ([0.55, 0.56, 0.57, 0.58] * 4, None),  # all after it
    ],
)
def test_seeds_in_two_heaps_are_told_from_seeds_in_one(values, agrees):
    (found,) = (each for each in transition.find(seeds(values), SETTINGS) if "bimodal" in each.question)
    assert found.agrees is agrees
    assert "at 2^13 tasks 16 seeds" in found.found


def test_the_coefficient_of_bimodality_is_what_it_is_of_known_distributions():
    random = np.random.default_rng(0)
    assert bimodality(random.normal(size=20_000)) == pytest.approx(1 / 3, abs=0.02)
    assert bimodality(random.uniform(size=20_000)) == pytest.approx(5 / 9, abs=0.02)
    assert bimodality(random.integers(0, 2, 20_000).astype(float)) == pytest.approx(1, abs=0.02)
    assert math.isnan(bimodality(np.array([0.0, 1.0, 1.0])))


def diagram(*rows: str) -> pd.DataFrame:
    """A diagram from letters, a row per batch: memorises, generalises, stays on the plateau."""
    losses = {"M": (0.1, 1.5), "G": (0.5, 0.5), "P": (1.0, 1.0)}
    return pd.DataFrame(
        [
            {"batch": 4**y, "num_tasks": 4**x, "seed": 0, "accuracy": 0.5}
            | dict(zip(("training", "unseen"), losses[letter], strict=True))
            for y, row in enumerate(rows)
            for x, letter in enumerate(row)
        ]
    )


@pytest.mark.parametrize(
    ("rows", "agree"),
    [
        (("PPPP", "MPPP", "MMGP", "MMGG"), [None, True, True, None, True]),
        (("GGGG", "GGGG"), [None, False, None, None, None]),
        (("GMMP", "PPPP"), [None, False, False, None, False]),
        (("MMMP", "MMMP"), [None, None, None, None, None]),  # nothing generalises, so nothing comes first
        (("PPPP", "PPPP"), [None, None, None, None, None]),  # of nothing there is no order
    ],
)
def test_the_phase_diagram_is_compared_with_the_papers_order(rows, agree):
    found = phases.find(diagram(*rows), SETTINGS)
    assert [each.agrees for each in found] == agree
    counts = "".join(rows)
    assert f"Of {len(counts)} cells: {counts.count('M')} memorise, {counts.count('G')} generalise," in found[0].found


def test_a_phase_diagram_without_losses_says_so():
    table = diagram("GM").assign(training=math.nan)
    (found,) = phases.find(table, SETTINGS)
    assert found.found == "unknown: no run has logged a loss"
    assert phases.draw(table, SETTINGS).axes


def test_the_phase_diagram_counts_the_batches_that_too_many_tasks_keep_on_the_plateau():
    found = phases.find(diagram("PPPP", "MPPP", "MMGP", "MMGG"), SETTINGS)
    (returns,) = (each.found for each in found if "most tasks" in each.question)
    assert returns == "yes with 2 of 4 batches"


@pytest.mark.parametrize(
    ("seeds", "phase"), [("GGM", phases.GENERALISES), ("PPG", phases.PLATEAU), ("MGM", phases.MEMORISES)]
)
def test_a_cell_of_the_phase_diagram_has_the_phase_of_most_seeds(seeds, phase):
    table = pd.concat([diagram(letter).assign(seed=seed) for seed, letter in enumerate(seeds)])
    assert list(phases.judged(table)["phase"]) == [phase]


def test_runs_without_a_loss_do_not_count_in_the_phase_diagram():
    table = pd.concat([diagram("G"), diagram("P").assign(seed=1), diagram("M").assign(seed=2, training=math.nan)])
    (cell,) = phases.judged(table).to_dict("records")
    assert (cell["phase"], cell["training"], cell["unseen"]) == (phases.GENERALISES, 0.75, 0.75)


def test_the_phase_diagram_says_which_numbers_of_tasks_generalise():
    found = phases.find(diagram("PPPP", "MGGG", "MGPG"), SETTINGS)[0].found
    assert found.endswith("Generalises with batch 4: 2^2 to 2^6 tasks; batch 16: 2^2, 2^6 tasks")
    assert phases.find(diagram("PP"), SETTINGS)[0].found.endswith("None generalises")


@pytest.mark.parametrize(
    ("training", "unseen", "phase"),
    [
        (0.36, 1.80, phases.MEMORISES),
        (0.51, 0.857, phases.GENERALISES),  # episodes without repeated images are harder than those it is trained on
        (0.74, 0.98, phases.GENERALISES),
        (0.84, 1.06, phases.MEMORISES),
        (0.89, 1.07, phases.PLATEAU),
        (0.99, 0.99, phases.PLATEAU),
    ],
)
def test_the_phase_of_a_run_follows_from_its_two_losses(training, unseen, phase):
    table = pd.DataFrame(
        [{"batch": 64, "num_tasks": 16, "seed": 0, "training": training, "unseen": unseen, "accuracy": 0.5}]
    )
    assert list(phases.judged(table)["phase"]) == [phase]


def lengths(accuracies: dict[int, float], dataset: str = "mnist") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"length": length, "seed": seed, "dataset": dataset, "position": position}
            | {"accuracy": accuracy * position / length + 0.001 * seed}
            for length, accuracy in accuracies.items()
            for position in accuracies
            if position <= length
            for seed in (0, 1)
        ]
    )


def test_long_sequences_agree_with_the_paper_only_if_each_ends_higher_than_the_one_before():
    rising, falling = {50: 0.6, 100: 0.7, 500: 0.8}, {50: 0.6, 100: 0.8, 500: 0.79}
    for accuracies, agrees, ratio in ((rising, True, 8 / 7), (falling, False, 0.79 / 0.8)):
        first, rise, cost = long_sequences.find(lengths(accuracies), SETTINGS)
        assert first.agrees is agrees
        assert first.ours == pytest.approx(ratio, rel=0.01)
        assert rise.ours == pytest.approx(10, rel=0.01)
        assert cost.ours == pytest.approx(accuracies[500] / 10 / accuracies[50], rel=0.02)
    assert [each.agrees for each in long_sequences.find(lengths({50: 0.6}), SETTINGS)] == [None]


def test_long_sequences_have_no_verdict_where_nothing_is_above_guessing():
    first, *_ = long_sequences.find(lengths({50: 0.1, 100: 0.1, 500: 0.1}).assign(accuracy=0.1), SETTINGS)
    assert first.agrees is None


def test_the_cost_of_long_sequences_is_unknown_where_they_stay_at_chance():
    table = lengths({50: 0.6, 100: 0.7, 500: 0.8})
    table.loc[table["length"] == 500, "accuracy"] = 0.1
    cost = long_sequences.find(table, SETTINGS)[-1]
    assert (cost.question, cost.ours) == ("What do episodes of 500 cost after 49 examples?", None)
    assert cost.found.startswith("unknown: runs with episodes of 500 are at chance")


def test_an_initialisation_moves_the_beginning_of_generalisation():
    table = pd.DataFrame(
        [
            {"begins": begins, "num_tasks": count, "seed": 0, "tasks": kind, "accuracy": accuracy}
            for begins, first in (("random", 256), ("memorising", 4096), ("generalising", 16))
            for count in (16, 256, 4096)
            for kind, accuracy in (("seen", 0.8), ("unseen", 0.7 if count >= first else 0.1))
        ]
    )
    found = {each.question: each.found for each in initialisation.find(table, SETTINGS)}
    assert found["Does a memorising start hinder generalising?"] == (
        "2^4 +0.0 points; 2^8 -60.0 points; 2^12 +0.0 points. "
        "Generalises from 2^12 tasks on, from random weights from 2^8 tasks on"
    )
    assert "2^4 +60.0 points" in found["Does a generalising start help with few tasks?"]
    unseen = found["From random weights: what is the accuracy on unseen tasks?"]
    assert unseen.startswith("2^4 10.0% (10.0% to 10.0%); 2^8 70.0% (70.0% to 70.0%)")
    never = table[(table["begins"] != "memorising") | (table["num_tasks"] < 4096)]
    found = {each.question: each.found for each in initialisation.find(never, SETTINGS)}
    assert "Generalises with none of the grid, from random" in found["Does a memorising start hinder generalising?"]
    seeds = pd.concat([table, table.assign(seed=1)])
    unseen = (seeds["begins"] == "memorising") & (seeds["num_tasks"] == 256) & (seeds["tasks"] == "unseen")
    seeds.loc[unseen & (seeds["seed"] == 1), "accuracy"] += 0.1
    found = {each.question: each.found for each in initialisation.find(seeds, SETTINGS)}
    low, high = mean_interval(np.array([-60.0, -50.0]))
    assert f"2^8 -55.0 points ({low:+.1f} to {high:+.1f})" in found["Does a memorising start hinder generalising?"]


@pytest.mark.parametrize(
    ("ours", "agrees"),
    [(50.0, True), (200.0, True), (49.0, False), (201.0, False), (math.inf, False), (math.nan, None), (None, None)],
)
def test_a_verdict_follows_from_a_number_a_reference_and_a_tolerance(ours, agrees):
    found = Finding("How many?", "", "counted", "", ours, Reference(100.0, 0.5, 2.0))
    assert found.agrees is agrees
    assert found.row()[-1] == {True: "yes", False: "**no**", None: ""}[agrees]
    assert found.row()[4:7] == ["100", f"{ours / 100:.2g}" if ours and ours < 1000 else "", "0.5 to 2"]


def test_without_a_reference_there_is_no_verdict():
    assert Finding("How many?", "3", "counted", "many", 3.0).agrees is None
    assert Reference(-0.5, 0.5, 2.0).agrees(-0.4), "exponents are negative"
    assert not Reference(-0.5, 0.5, 2.0).agrees(0.4)


def test_a_plateau_ends_where_the_smoothed_loss_leaves_that_of_guessing():
    steps = np.arange(10, 1010, 10)
    loss = np.where(steps < 500, math.log(5), 1.0)
    loss[20] = 0.5  # one lucky batch is no end
    log = pd.DataFrame({"step": steps, "loss": loss, "unseen_loss": np.where(steps % 100 == 0, loss, np.nan)})
    training, unseen = plateau_of(log, "loss", 5), plateau_of(log, "unseen_loss", 5)
    assert training.ended
    assert 500 <= training.steps <= 530
    assert unseen == (500, True)
    assert plateau_of(log[log["step"] < 500].assign(loss=math.log(5)), "loss", 5) == (490, False)


def plateaus(first: tuple[int, bool], last: tuple[int, bool]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"axis": "number of tasks", "value": value, "seed": 0, "loss": "training", "plateau": steps, "ended": ended}
            for value, (steps, ended) in (("16", first), ("4096", last))
        ]
    )


@pytest.mark.parametrize(
    ("first", "last", "agrees"),
    [
        ((100, True), (300, True), True),
        ((100, True), (110, True), False),  # no more than chance may do
        ((300, True), (100, True), False),
        ((100, True), (300, False), True),  # at least as long
        ((300, False), (100, False), None),  # of neither is known how long it is
        ((300, True), (100, False), None),
    ],
)
def test_one_plateau_is_longer_than_another_only_if_that_is_known(first, last, agrees):
    (found,) = plateau.find(plateaus(first, last), SETTINGS)
    assert found.agrees is agrees


def test_ablation_names_the_faults_that_cost_most():
    def accuracy(learner: str, faults: frozenset[str]) -> float:
        costs = {"no intervention": 0.5, "ReLU on logits": 0.3}
        return 0.7 - sum(costs.get(fault, 0.02) for fault in faults)

    table = pd.DataFrame(
        [
            {"learner": learner, "variant": name, "seed": 0, "dataset": "mnist", "accuracy": accuracy(learner, faults)}
            for learner in FAULTS
            for name, faults in variants(learner)
        ]
    )
    findings = {each.question: each for each in ablation.find(table, SETTINGS)}
    found = {question: each.found for question, each in findings.items()}
    assert found[f"{TRANSFORMER}: which faults explain most of it?"] == "no intervention"
    assert found[f"{MLP}: which faults explain most of it?"] == "ReLU on logits"
    assert (
        "no intervention costs 50.0 points, gives back 50.0 points"
        in found[f"{TRANSFORMER}: what does each fault cost?"]
    )
    ends = findings[f"{TRANSFORMER}: do both ends match the published accuracies?"]
    assert (ends.found, ends.paper) == (
        "all faults 12.0%, no fault 70.0%",
        "73.7%; the earlier reproduction 52.3%",
    )


def test_variants_have_all_faults_all_but_one_none_and_one_alone():
    named = dict(variants(TRANSFORMER))
    assert len(named) == 12
    assert named[ALL] == set(FAULTS[TRANSFORMER])
    assert named[NONE] == set()
    assert {len(faults) for name, faults in named.items() if name.startswith("all but")} == {4}
    assert {len(faults) for name, faults in named.items() if name.startswith("only")} == {1}


def test_the_interval_is_over_seeds_where_there_are_several_and_over_episodes_where_there_is_one():
    table = pd.DataFrame({"d": [1, 1, 2], "accuracy": [0.4, 0.6, 0.5], "low": 0.3, "high": 0.7})
    means = over_seeds(table, ["d"]).set_index("d")
    assert means.loc[1, "accuracy"] == pytest.approx(0.5)
    assert means.loc[1, "high"] - 0.5 == pytest.approx(12.706 * 0.1, rel=1e-3), "Student's t for two seeds"
    assert (means.loc[2, "low"], means.loc[2, "high"], means.loc[2, "seeds"]) == (0.3, 0.7, 1)


def test_an_interval_of_accuracies_over_seeds_contains_the_noise_of_episodes_and_images():
    """Two seeds agree by chance; what their 100 episodes of 50 images leave open is in the interval all the same."""
    table = pd.DataFrame({"d": 1, "accuracy": [0.5, 0.5], "low": 0.4, "high": 0.6, "episodes": 100, "examples": 50})
    means = over_seeds(table, ["d"]).iloc[0]
    low, high = accuracy_over_seeds(np.array([0.5, 0.5]), 100, 50)
    assert (means["low"], means["high"]) == (low, high)
    assert high - low > 0.2
    assert over_seeds(table.assign(gain=0.5), ["d"], "gain").iloc[0]["high"] == 0.5, "other values: Student's t"
