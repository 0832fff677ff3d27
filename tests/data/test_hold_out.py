"""Validation examples are training examples that are not trained on."""

import numpy as np
import pytest

from gpicl.data import FeatureDataset, hold_out, load_features
from gpicl.metatraining import DataConfig, RunConfig
from gpicl.metatraining.build import build_tasks


def rows(dataset):
    return {row.tobytes() for row in dataset.features}


def test_the_parts_share_no_example_and_leave_none_out():
    whole = load_features("digits")
    train, validation = hold_out(whole, 0.1)
    assert len(train) + len(validation) == len(whole)
    assert not rows(train) & rows(validation)
    for label in range(10):
        count = (whole.labels == label).sum()
        assert (validation.labels == label).sum() == round(0.1 * count)
    assert (train.mean, train.std) == (validation.mean, validation.std) == (whole.mean, whole.std)


def test_a_run_measures_with_no_test_image_and_trains_on_no_validation_image():
    training, validation = build_tasks(RunConfig(DataConfig("digits", size=8)))
    test, train = (rows(load_features("digits", split, size=8)) for split in ("test", "train"))
    assert not rows(validation.dataset) & (test - train)
    assert rows(validation.dataset) <= train
    assert not rows(training.dataset) & rows(validation.dataset)


def test_small_classes_keep_an_example_to_train_on():
    features = np.arange(8, dtype=np.uint8).reshape(4, 2)
    train, validation = hold_out(FeatureDataset.from_arrays(features, [0, 0, 1, 2]), 0.1)
    assert sorted(train.labels) == [0, 1, 2]
    assert sorted(validation.labels) == [0, 1, 2]


@pytest.mark.parametrize("name", ["random", "digits"])
def test_nothing_is_held_out_of_fresh_examples_or_on_demand(name):
    whole = load_features(name)
    train, validation = hold_out(whole, 0.1 if name == "random" else 0.0)
    assert train is validation is whole
