"""State size: equal parameters or equal state, and which of the two helps."""

import numpy as np
import pandas as pd
import pytest

from gpicl.experiments import state_size
from gpicl.experiments.reproduction import Finding, Settings, find_experiment
from gpicl.experiments.state_size import PARAMETERS, STATE, gains
from gpicl.learners import build_learner

SETTINGS = Settings("laptop")


@pytest.mark.parametrize("scale", ["laptop", "gpu"])
def test_one_size_is_varied_while_the_other_stays(scale, tmp_path):
    sizes: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for run in find_experiment("state-size").grid(Settings(scale, {}, tmp_path, seeds=1)):
        config = run.config
        learner = build_learner(config.learner.name, config.tasks.num_features, config.tasks.num_classes or 10,
                                **config.learner.options)  # fmt: skip
        sizes.setdefault((run.keys["learner"], run.keys["varied"]), []).append(
            (learner.state_size(config.tasks.length), learner.num_parameters)
        )
    for (learner, varied), found in sizes.items():
        if varied in (STATE, PARAMETERS):
            changing, fixed = zip(*found if varied == STATE else [pair[::-1] for pair in found], strict=True)
            assert max(fixed) < 1.05 * min(fixed), (learner, varied)
            assert max(changing) > 3 * min(changing), (learner, varied)
    small, large = sizes["LSTM", state_size.PAIR]
    outer = sizes["OuterProductLSTM", STATE]
    assert small[1] == pytest.approx(outer[0][1], rel=0.05), "as many parameters"
    assert large[0] in {state for state, _ in outer}, "as large a state"


def test_all_learners_have_the_same_tasks_and_three_seeds():
    runs = find_experiment("state-size").grid(SETTINGS)
    assert len({(str(run.config.data), str(run.config.tasks), run.config.training.steps) for run in runs}) == 1
    assert {run.keys["seed"] for run in runs} == {0, 1, 2}


def sized(by_state: float, by_parameters: float) -> pd.DataFrame:
    """Accuracies that rise by so much with every doubling of the state, and of the parameters."""
    return pd.DataFrame(
        [
            {
                "learner": learner,
                "varied": varied,
                "sizes": str(doublings),
                "seed": seed,
                "dataset": "mnist",
                "state_size": 100 * 2 ** (doublings * (varied == STATE)),
                "parameters": 1000 * 2 ** (doublings * (varied == PARAMETERS)),
                "accuracy": 0.3 + 0.01 * seed + doublings * (by_state if varied == STATE else by_parameters),
            }
            for learner in ("LSTM", "OuterProductLSTM")
            for varied in (STATE, PARAMETERS)
            for doublings in (0, 1, 2)
            for seed in (0, 1, 2)
        ]
    )


def test_gains_are_slopes_per_doubling():
    table = sized(0.1, 0.02)
    assert gains(table, "LSTM", STATE).to_dict() == pytest.approx(dict.fromkeys(range(3), 0.1))
    assert gains(table, "LSTM", PARAMETERS).tolist() == pytest.approx([0.02] * 3)
    assert gains(table, "VSML", STATE).empty


@pytest.mark.parametrize(("by_state", "by_parameters", "agrees"), [(0.1, 0.01, True), (0.01, 0.1, False)])
def test_the_size_that_gains_more_helps_more(by_state, by_parameters, agrees):
    found = {each.question: each for each in state_size.find(sized(by_state, by_parameters), SETTINGS)}
    within = found["LSTM: what helps more, a larger state or more parameters?"]
    assert within.agrees is agrees
    assert within.ours == pytest.approx(1 + by_state - by_parameters)
    assert f"the state, {100 * by_state:+.1f} points" in within.found
    assert found["Which size orders all learners?"].agrees is agrees


def pair_of(table: pd.DataFrame) -> list[Finding]:
    return [each for each in state_size.find(table, SETTINGS) if each.question.startswith("Does a larger state beat")]


def test_the_best_lstm_is_compared_with_outer_products_that_have_a_larger_state_and_no_more_parameters():
    table = sized(0.1, 0.01)
    table.loc[table["learner"] == "OuterProductLSTM", "state_size"] *= 2
    table.loc[table["learner"] == "LSTM", "accuracy"] /= 2
    (better,) = pair_of(table)
    assert better.agrees is True
    assert "LSTM 25.5% (state 400, parameters 1,000); OuterProductLSTM 51.0% (state 800" in better.found
    table.loc[table["learner"] == "LSTM", "accuracy"] *= 3
    assert pair_of(table)[0].agrees is False


def test_no_pair_is_compared_where_no_outer_product_has_a_larger_state_or_all_have_more_parameters():
    assert pair_of(sized(0.1, 0.01)) == []
    table = sized(0.1, 0.01)
    table.loc[table["learner"] == "OuterProductLSTM", ["state_size", "parameters"]] *= 2
    assert pair_of(table) == []


def test_a_larger_state_helps_only_if_the_interval_over_seeds_says_so():
    table = sized(0.02, 0.01)
    noisy = (table["learner"] == "LSTM") & (table["varied"] == STATE) & (table["seed"] == 0)
    table.loc[noisy, "accuracy"] += 0.08 * np.log2(table.loc[noisy, "state_size"] / 100)
    found = {each.question: each for each in state_size.find(table, SETTINGS)}
    assert found["OuterProductLSTM: what helps more, a larger state or more parameters?"].agrees is True
    unclear = found["LSTM: what helps more, a larger state or more parameters?"]
    assert unclear.agrees is None, "the interval holds zero"
    assert unclear.row()[3:7] == ["unknown", "+0.00 points", "", "at least +0.00 points"]
    assert found["OuterProductLSTM: what helps more, a larger state or more parameters?"].row()[3] == "+1.00 points"
