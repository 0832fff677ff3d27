"""The learning curve: learners that are fitted at every position, and who is ahead."""

import numpy as np
import pandas as pd
import pytest
import torch

from gpicl.errors import UnknownNameError
from gpicl.experiments import learning_curve
from gpicl.experiments.classical_learner import ClassicalLearner
from gpicl.experiments.learning_curve import NOTHING, REGRESSION, SGD, SOURCES, TRANSFORMER, measure
from gpicl.experiments.reproduction import Settings, find_sources
from gpicl.learners.checks import check_learner
from gpicl.metatesting.classical import predict_classically
from gpicl.runs.train_and_test import train_and_test

SETTINGS = Settings("laptop")


@pytest.mark.parametrize("features", [4, 40])
@pytest.mark.parametrize("classifier", ["NearestNeighbour", "LogisticRegression"])
def test_a_classical_learner_answers_as_its_classifier_does(classifier, features):
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, (2, 12))
    inputs = random.normal(size=(2, 12, features)).astype(np.float32) + labels[..., None]
    learner = ClassicalLearner(features, 3, classifier)
    logits = learner(torch.from_numpy(inputs), torch.from_numpy(labels))
    for answers, episode, known in zip(logits.argmax(2).numpy(), inputs, labels, strict=True):
        assert list(answers) == list(predict_classically(classifier, episode, known, range(1, 13)))
    check_learner(learner, 12)
    assert learner.num_parameters == 0


def test_a_classifier_that_does_not_exist_is_refused():
    with pytest.raises(UnknownNameError, match="NearestNeighbour"):
        ClassicalLearner(4, 3, "NearestNeighbor")


def test_the_grid_has_learners_that_are_meta_trained_and_learners_that_are_not():
    runs = learning_curve.grid(Settings("laptop", seeds=1))
    assert {run.keys["learner"] for run in runs if run.keys["trained_on"] == NOTHING} == {
        SGD, learning_curve.NEIGHBOUR, REGRESSION,
    }  # fmt: skip
    assert {run.keys["learner"] for run in runs if run.keys["trained_on"] in SOURCES} == {
        TRANSFORMER, learning_curve.MAML,
    }  # fmt: skip
    assert all(run.config.testing.positions is None for run in runs), "every position"


def test_logistic_regression_has_accuracies_at_every_position_and_no_loss(tmp_path):
    settings = Settings("smoke", find_sources("smoke", None), tmp_path)
    run = next(run for run in learning_curve.grid(settings) if run.keys["learner"] == REGRESSION)
    train_and_test(run.config, str(tmp_path), "", lambda _: None, report=False)
    rows = pd.DataFrame(measure(run, run.folder(tmp_path)))
    assert list(rows[rows["dataset"] == "digits"]["position"]) == list(range(1, 13))
    assert rows["loss"].isna().all()


def curves(transformer: float, sgd: float, crossed: float = 0.65) -> pd.DataFrame:
    ends = {
        (TRANSFORMER, "mnist", "mnist"): transformer,
        (TRANSFORMER, "mnist", "fashion_mnist"): crossed,
        (TRANSFORMER, "fashion_mnist", "mnist"): crossed,
        (TRANSFORMER, "fashion_mnist", "fashion_mnist"): 0.65,
        (SGD, NOTHING, "mnist"): sgd,
        (SGD, NOTHING, "fashion_mnist"): sgd,
    }
    return pd.DataFrame(
        [
            {"learner": learner, "trained_on": trained, "dataset": tested, "seed": seed, "position": position,
             "accuracy": 0.1 + (end - 0.1) * (position - 1) / 19}
            for (learner, trained, tested), end in ends.items()
            for seed in (0, 1)
            for position in range(1, 21)
        ]
    )  # fmt: skip


@pytest.mark.parametrize(("transformer", "sgd", "agrees"), [(0.74, 0.6, True), (0.5, 0.6, False)])
def test_the_transformer_is_ahead_of_sgd_or_is_not(transformer, sgd, agrees):
    found = {each.question: each for each in learning_curve.find(curves(transformer, sgd), SETTINGS)}
    ahead = found["Is the Transformer ahead of the others on mnist?"]
    assert ahead.agrees is agrees
    assert f"SGD: at {100 if agrees else 0}% of the positions" in ahead.found
    assert found["Meta-trained on mnist, tested on mnist?"].agrees is agrees
    after = found["How does each learn mnist, after 1, 5, 10 examples?"].found
    assert after.startswith(f"Transformer {0.1 + (transformer - 0.1) / 19:.1%}")


@pytest.mark.parametrize(("crossed", "agrees"), [(0.65, True), (0.3, True), (0.1, None), (0.05, False)])
def test_both_crossings_rise_or_do_not(crossed, agrees):
    table = curves(0.7, 0.6, crossed)
    found = {each.question: each for each in learning_curve.find(table, SETTINGS)}
    crossings = found["Does it learn data that it was not meta-trained on?"]
    assert crossings.agrees is agrees
    rise = f"{100 * (crossed - 0.1):+.1f}"
    assert f"from mnist to fashion_mnist {rise} points ({rise} to {rise})" in crossings.found


def test_a_flat_curve_above_guessing_does_not_rise():
    table = curves(0.7, 0.6)
    noise = 0.01 * table["seed"].map({0: 1, 1: -1}) * (table["position"] == 20)
    table.loc[table["trained_on"] != table["dataset"], "accuracy"] = 0.6 + noise
    found = {each.question: each for each in learning_curve.find(table, SETTINGS)}
    assert found["Does it learn data that it was not meta-trained on?"].agrees is None


def test_the_papers_numbers_are_those_of_the_data_set_under_its_label():
    other = Settings("laptop", {"fashion_mnist": "kmnist=kmnist.npz"})
    table = curves(0.7, 0.6).replace("fashion_mnist", "kmnist")
    found = {each.question: each for each in learning_curve.find(table, other)}
    assert found["Meta-trained on mnist, tested on kmnist?"].row()[4] == "53.4%"
    own = Settings("laptop", {"fashion_mnist": "own=own.npz"})
    found = {each.question: each for each in learning_curve.find(curves(0.7, 0.6).replace("fashion_mnist", "own"), own)}
    assert found["Meta-trained on mnist, tested on own?"].reference is None
