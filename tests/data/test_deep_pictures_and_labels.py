"""Pictures of more than a byte per pixel are scaled, not clipped, and labels are as many classes as there are."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from gpicl.data import ImageDataset, load_dataset
from gpicl.errors import DataError


def write_folder(folder, pixels, suffix):
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        Image.fromarray(pixels).save(folder / name / f"1{suffix}")
    return folder


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_pictures_of_16_bits_are_scaled(tmp_path, suffix):
    pixels = np.array([[0, 257], [32896, 65535]], np.uint16)
    found = load_dataset(write_folder(tmp_path / "deep", pixels, suffix))
    assert found.images[0, :, :, 0].tolist() == [[0, 1], [128, 255]]


def test_pictures_of_fractions_are_scaled(tmp_path):
    pixels = np.array([[0.0, 0.25], [0.5, 1.0]], np.float32)
    found = load_dataset(write_folder(tmp_path / "float", pixels, ".tiff"))
    assert found.images[0, :, :, 0].tolist() == [[0, 64], [128, 255]]


@pytest.mark.parametrize("worst", [200.0, -1.0, float("nan")])
def test_fractions_that_are_none_are_refused(tmp_path, worst):
    pixels = np.array([[0.0, worst], [0.5, 1.0]], np.float32)
    with pytest.raises(DataError, match=r"must be in 0\.\.1"):
        load_dataset(write_folder(tmp_path / "float", pixels, ".tiff"))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [([0, 100, 200, 100], ("0", "100", "200")), ([1, 2, 3, 1], ("1", "2", "3")), ([0, 1, 2, 1], ("0", "1", "2"))],
)
def test_numbers_are_as_many_classes_as_there_are(labels, classes):
    images = np.arange(16, dtype=np.uint8).reshape(4, 2, 2)
    found = ImageDataset.from_arrays(images, labels)
    assert found.classes == classes
    assert [found.classes[index] for index in found.labels] == [str(label) for label in labels]


# NumPy has a type for text of any length since 2.0.
TEXT = np.dtypes.StringDType() if hasattr(np.dtypes, "StringDType") else object


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.array([1, 2, 10, 1], object), ("1", "2", "10")),
        (np.array(["a", "b", "a", "b"], TEXT), ("a", "b")),
        (np.array(["a", 2, "a", 2], object), ("2", "a")),
    ],
)
def test_objects_are_numbers_or_text(labels, classes):
    images = np.arange(16, dtype=np.uint8).reshape(4, 2, 2)
    assert ImageDataset.from_arrays(images, labels).classes == classes


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_missing_labels_are_no_class(missing):
    images = np.arange(16, dtype=np.uint8).reshape(4, 2, 2)
    for present in ("ab", (0, 1)):
        labels = np.array([*present, missing, missing], object)
        with pytest.raises(DataError, match=r"2 of 4 labels are missing, the first of them that of example 2"):
            ImageDataset.from_arrays(images, labels)
    with pytest.raises(DataError, match="1 of 4 labels are missing"):
        ImageDataset.from_arrays(images, [0.0, 1.0, 0.0, float("nan")])


def test_whole_numbers_of_any_type_are_indices_of_named_classes():
    images = np.arange(16, dtype=np.uint8).reshape(4, 2, 2)
    labels = np.array([0, 1, 1, 0], object)
    assert ImageDataset.from_arrays(images, labels, ["cat", "dog"]).labels.tolist() == [0, 1, 1, 0]


def test_both_splits_of_an_archive_say_what_the_classes_are(tmp_path):
    images = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    path = tmp_path / "sparse.npz"
    np.savez(path, x_train=images, y_train=[10, 20, 30], x_test=images, y_test=[30, 10, 30])
    train, test = (load_dataset(path, split) for split in ("train", "test"))
    assert train.classes == test.classes == ("10", "20", "30")
    assert test.labels.tolist() == [2, 0, 2]
    np.savez(path, x_train=images, y_train=["x", "y", "z"], x_test=images, y_test=["z", "x", "z"])
    assert load_dataset(path, "test").labels.tolist() == [2, 0, 2]


def test_named_classes_keep_their_indices():
    images = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    assert ImageDataset.from_arrays(images, [0, 2, 2], ["a", "b", "c"]).labels.tolist() == [0, 2, 2]
