"""What the experiments `limits` and `inventions` say of a table, and which data they refuse."""

import numpy as np
import pandas as pd
import pytest

from gpicl.errors import DataError
from gpicl.experiments import inventions, limits
from gpicl.experiments.reproduction import Settings
from gpicl.metatesting import mean_interval


def table(keys, accuracies):
    """Make a table of one position; `keys` names the first column, `accuracies` holds (value, data set, seed)."""
    rows = [
        {keys: value, "dataset": dataset, "seed": seed, "accuracy": accuracy, "low": accuracy, "high": accuracy}
        for (value, dataset, seed), accuracy in accuracies.items()
    ]
    return pd.DataFrame(rows)


def test_what_is_left_is_the_difference_to_the_better_learner_that_does_not_know_the_domain():
    known = {("mnist", "mnist", 0): 0.9, ("nothing", "mnist", 0): 0.8, ("mnist", "kmnist", 0): 0.6}
    known |= {("kmnist", "kmnist", 0): 0.75, ("nothing", "kmnist", 0): 0.65, ("kmnist", "mnist", 0): 0.8}
    known |= {("kmnist", "cifar10", 0): 0.2, ("mnist", "cifar10", 0): 0.23, ("cifar10", "cifar10", 0): 0.3}
    found = {finding.question: finding.found for finding in limits.find(table("trained_on", known), Settings("gpu"))}
    assert "its own images add +10.0 points" in found["kmnist: what does knowledge of the domain add?"]
    assert "its own images add +10.0 points" in found["mnist: what does knowledge of the domain add?"]
    assert "images of mnist" not in found["mnist: what does knowledge of the domain add?"], "they are its own"
    assert found["Meta-trained on kmnist: what changes on other data sets?"] == "-3.0 points"


def test_what_is_left_is_compared_at_the_same_seed():
    seeds = {0: (0.8, 0.7, 0.9), 1: (0.6, 0.5, 0.7)}
    known = {
        (trained, "kmnist", seed): accuracy
        for seed, accuracies in seeds.items()
        for trained, accuracy in zip(("mnist", "nothing", "kmnist"), accuracies, strict=True)
    }
    known |= {(trained, "cifar10", seed): 0.2 + 0.1 * seed for trained in ("cifar10", "mnist") for seed in (0, 1)}
    known |= {("kmnist", "cifar10", 0): 0.19, ("kmnist", "cifar10", 1): 0.25}
    found = {finding.question: finding.found for finding in limits.find(table("trained_on", known), Settings("gpu"))}
    assert found["kmnist: what does knowledge of the domain add?"].endswith("add +10.0 points (+10.0 to +10.0)")
    low, high = mean_interval(np.array([-0.01, -0.05]))
    assert found["Meta-trained on kmnist: what changes on other data sets?"] == (
        f"-3.0 points ({100 * low:+.1f} to {100 * high:+.1f})"
    )


def test_a_data_set_whose_training_images_are_its_test_images_is_refused(tmp_path):
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (40, 4, 4), np.uint8), np.arange(40) % 10
    one, both = tmp_path / "one.npz", tmp_path / "both.npz"
    np.savez(one, x=images, y=labels)
    np.savez(both, x_train=images[:20], y_train=labels[:20], x_test=images[20:], y_test=labels[20:])

    def settings(kmnist):
        return Settings("smoke", dict.fromkeys(limits.DOMAINS, f"mnist={both}") | {"kmnist": f"kmnist={kmnist}"})

    limits.check_splits(settings(both))
    with pytest.raises(DataError, match="training and test split are the same images"):
        limits.check_splits(settings(one))


def test_a_variant_is_compared_with_all_parts_of_the_same_seed():
    known = {(inventions.ALL, "mnist", 0): 0.7, (inventions.ALL, "mnist", 1): 0.8}
    known |= {("no noise", "mnist", 0): 0.6, ("no noise", "mnist", 1): 0.7}
    rows = inventions.differences(table("variant", known))
    assert len(rows) == 1
    assert list(rows.loc[0, ["difference", "low", "high"]]) == pytest.approx([-0.1, -0.1, -0.1]), "seeds agree"
    found = inventions.find(table("variant", known), Settings("gpu"))
    assert found[1].found == "1 of 1 differences are clearly not zero: no noise on mnist"
    assert "mnist -10.0 points (-10.0 to -10.0)" in found[2].found
    lone = known | {("one layer", "mnist", 0): 0.65}
    assert inventions.find(table("variant", lone), Settings("gpu"))[1].found == found[1].found, "it has one seed"
    without = {key: accuracy for key, accuracy in known.items() if key[0] != inventions.ALL}
    assert inventions.find(table("variant", without), Settings("gpu"))[0].found.startswith("unknown")
    one_seed = {key: accuracy for key, accuracy in known.items() if key[2] == 0}
    questions = [finding.question for finding in inventions.find(table("variant", one_seed), Settings("gpu"))]
    assert "Which parts matter?" not in questions, "one seed has no interval of a difference"


def test_a_difference_whose_interval_holds_zero_is_not_clear():
    known = {(inventions.ALL, "mnist", seed): 0.7 for seed in (0, 1)}
    known |= {("one layer", "mnist", 0): 0.71, ("one layer", "mnist", 1): 0.69}
    found = inventions.find(table("variant", known), Settings("gpu"))
    assert found[1].found == "0 of 1 differences are clearly not zero"


def test_each_variant_changes_one_option_and_has_no_data_set():
    runs = inventions.grid(Settings("gpu"))
    assert {run.config.data.dataset for run in runs} == {"none"}
    widened = {run.keys["variant"]: run.config.tasks.widen for run in runs}
    assert all(list(widen) == ["invention"] for widen in widened.values())
    assert {variant: len(widen["invention"]) - 1 for variant, widen in widened.items()} == {
        variant: 0 if variant == inventions.ALL else 1 for variant in inventions.VARIANTS
    }
