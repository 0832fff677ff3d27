"""Embeddings: how features are made, and when they gain something."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gpicl.data import ImageDataset, preprocess
from gpicl.errors import DataError
from gpicl.experiments import embeddings
from gpicl.experiments.embeddings import NETWORK, OTHER, PIXELS, gain
from gpicl.experiments.frozen_features import (
    Domain,
    principal_components,
    random_filters,
    smaller_images,
    trained_network,
)
from gpicl.experiments.reproduction import Settings

SETTINGS = Settings("laptop")


def pictures(classes: int, seed: int) -> ImageDataset:
    """Noisy pictures with a bright row that says the class."""
    random = np.random.default_rng(seed)
    labels = np.arange(40 * classes) % classes
    images = random.integers(0, 120, (len(labels), 8, 8), dtype=np.uint8)
    images[np.arange(len(labels)), labels] = 255
    return ImageDataset.from_arrays(images, labels)


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain(*(preprocess(pictures(6, seed), 8, 1) for seed in (0, 1)))


def test_networks_see_one_half_of_the_classes_and_tasks_the_other(domain):
    images, labels = domain.images_of_network()
    assert set(labels.tolist()) == {0, 1, 2}
    arrays = domain.embedded(smaller_images(16))
    assert set(arrays["y_train"]) == set(arrays["y_test"]) == {0, 1, 2}
    assert len(images) + len(arrays["x_train"]) == len(domain.train)


@pytest.mark.parametrize("kind", ["pixels", "components", "filters", "network"])
def test_features_are_of_equal_number_normalised_by_the_training_images_and_squashed(kind, domain):
    embedding = {
        "pixels": lambda: smaller_images(16),
        "components": lambda: principal_components(domain, 16),
        "filters": lambda: random_filters(16),
        "network": lambda: trained_network(domain, 16, epochs=1),
    }[kind]()
    arrays = domain.embedded(embedding)
    assert arrays["x_train"].shape[1] == arrays["x_test"].shape[1] == 16
    assert np.abs(arrays["x_train"]).max() <= 1
    before = np.arctanh(np.clip(arrays["x_train"].astype(np.float64), -1 + 1e-7, 1 - 1e-7))
    assert before.mean() == pytest.approx(0, abs=0.05)
    assert before.std() == pytest.approx(1, abs=0.05)


def test_a_trained_network_is_another_than_the_one_that_it_begins_with_and_the_same_every_time(domain):
    images = domain.images_of_network()[0][:4]
    networks = [trained_network(domain, 16, 1), trained_network(domain, 16, 1), random_filters(16)]
    with torch.no_grad():
        first, again, random = (network(images) for network in networks)
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.allclose(first, random, atol=1e-3)


def test_too_few_classes_are_refused(tmp_path):
    three = pictures(3, 0)
    path = tmp_path / "three.npz"
    np.savez(path, x=three.images, y=three.labels)
    with pytest.raises(DataError, match="at least four"):
        Domain.load(str(path), 8)


def accuracies(**by_kind: tuple[float, ...]) -> pd.DataFrame:
    names = {"pixels": PIXELS, "network": NETWORK, "other": OTHER}
    return pd.DataFrame(
        [
            {"features": names[kind], "dataset": "mnist", "position": position, "seed": seed, "accuracy": value}
            for kind, values in by_kind.items()
            for seed, value in enumerate(values)
            for position in (11, 100)
        ]
    )


def test_the_gain_is_paired_by_seed():
    rows = accuracies(pixels=(0.5, 0.6, 0.7), network=(0.6, 0.7, 0.8))
    assert gain(rows, NETWORK, PIXELS) == pytest.approx((0.1, 0.1, 0.1, len(rows["seed"].unique())))
    assert gain(rows, NETWORK, OTHER) is None


@pytest.mark.parametrize(
    ("network", "agrees"),
    [
        ((0.7, 0.72, 0.71), True),
        ((0.5, 0.52, 0.51), None),
        ((0.5, 0.9, 0.55), None),  # a gain in the mean that its interval does not separate from none
        ((0.4, 0.42, 0.41), False),
    ],
)
def test_a_network_gains_if_the_interval_of_the_gain_is_above_none(network, agrees):
    table = accuracies(pixels=(0.5, 0.52, 0.51), network=network, other=(0.45, 0.46, 0.47))
    found = {each.question: each for each in embeddings.find(table, SETTINGS)}
    assert found["What does a network of the same domain gain on mnist, after 10 examples?"].agrees is agrees
    assert "How much of that comes from the domain on mnist, after 99 examples?" in found


def test_with_one_seed_a_gain_has_no_interval():
    found = {each.question: each.found for each in embeddings.find(accuracies(pixels=(0.5,), network=(0.6,)), SETTINGS)}
    assert found["What does a network of the same domain gain on mnist, after 10 examples?"] == "+10.0 points"


def test_features_are_made_again_when_the_images_have_changed(tmp_path):
    said: list[str] = []

    def make(seed: int) -> dict[Path, bytes]:
        train, test = pictures(4, seed), pictures(4, seed + 1)
        arrays = {"x_train": train.images, "y_train": train.labels, "x_test": test.images, "y_test": test.labels}
        np.savez(tmp_path / "own.npz", **arrays)
        own = f"own={tmp_path / 'own.npz'}"
        settings = Settings("smoke", {"mnist": own, "fashion_mnist": own}, tmp_path / "runs")
        said.clear()
        embeddings.make_features(settings, said.append)
        return {path: path.read_bytes() for path in (tmp_path / "runs" / "features").glob("*.npz")}

    first = make(0)
    assert len(said) == len(first), "each archive is announced"
    times = {path: path.stat().st_mtime_ns for path in first}
    assert make(0) == first
    assert not said
    assert {path: path.stat().st_mtime_ns for path in first} == times, "nothing has changed"
    other = make(2)
    assert other.keys() == first.keys()
    assert all(other[path] != first[path] for path in first)
