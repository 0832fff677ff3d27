import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gpicl.data import ImageDataset
from gpicl.errors import DataError

IMAGES = np.arange(4 * 3 * 2, dtype=np.uint8).reshape(4, 3, 2)
LABELS = [0, 1, 1, 0]


def test_own_arrays_get_a_channel_axis_and_numbered_classes():
    dataset = ImageDataset.from_arrays(IMAGES, LABELS, name="mine")
    assert len(dataset) == 4
    assert dataset.image_shape == (3, 2, 1)
    assert dataset.num_classes == 2
    assert dataset.classes == ("0", "1")
    assert dataset.labels.dtype == np.int64
    assert not dataset.fresh_each_episode
    np.testing.assert_array_equal(dataset.images[..., 0], IMAGES)


def test_fractions_are_scaled_to_bytes():
    dataset = ImageDataset.from_arrays(np.linspace(0, 1, 8).reshape(2, 2, 2), [0, 1])
    assert dataset.images.dtype == np.uint8
    np.testing.assert_array_equal(dataset.images.ravel(), np.rint(np.linspace(0, 255, 8)))


@given(hnp.arrays(np.int64, (3, 2, 2), elements=st.integers(0, 255)))
def test_whole_numbers_are_kept_as_they_are(images):
    np.testing.assert_array_equal(ImageDataset.from_arrays(images, [0, 1, 0]).images[..., 0], images)


@given(hnp.arrays(np.uint8, (3, 2, 2)), st.sampled_from([np.float32, np.float64]))
def test_bytes_survive_the_way_through_fractions(images, dtype):
    through = ImageDataset.from_arrays((images / 255).astype(dtype), [0, 1, 0])
    np.testing.assert_array_equal(through.images[..., 0], images)


def test_black_and_white_becomes_0_and_255():
    dataset = ImageDataset.from_arrays(IMAGES > 11, LABELS)
    assert set(dataset.images.ravel().tolist()) == {0, 255}


def test_strings_become_the_sorted_classes():
    dataset = ImageDataset.from_arrays(IMAGES, ["dog", "cat", "dog", "cat"])
    assert dataset.classes == ("cat", "dog")
    assert dataset.labels.tolist() == [1, 0, 1, 0]


def test_strings_follow_the_order_of_the_given_classes():
    dataset = ImageDataset.from_arrays(IMAGES, ["dog", "cat", "dog", "cat"], classes=["dog", "fox", "cat"])
    assert dataset.classes == ("dog", "fox", "cat")
    assert dataset.labels.tolist() == [0, 2, 0, 2]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.5])
def test_fractions_outside_0_to_1_are_refused(bad):
    images = np.zeros((4, 3, 2))
    images[1, 1, 1] = bad
    with pytest.raises(DataError, match=r"0\.\.1"):
        ImageDataset.from_arrays(images, LABELS)


@pytest.mark.parametrize("bad", [-1, 256])
def test_whole_numbers_outside_0_to_255_are_refused(bad):
    images = np.zeros((4, 3, 2), int)
    images[1, 1, 1] = bad
    with pytest.raises(DataError, match=r"0\.\.255"):
        ImageDataset.from_arrays(images, LABELS)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES, [0, 1, 1], "one label per example"),
        (IMAGES, [0, 0, 0, 0], "needs at least 2"),
        (IMAGES, [0, 1, -1, 0], "Renumber"),
        (IMAGES, [0, 1, 10**9, 0], "Renumber"),
        (IMAGES, [0, 1, 0.5, 0], "whole numbers"),
        (IMAGES, [0, 1, np.nan, 0], "1 of 4 labels are missing"),
        (IMAGES, [0, 1, np.inf, 0], "infinite"),
        (IMAGES[:0], [], "no examples"),
        (IMAGES[:, :0], LABELS, "Reshape"),
        (IMAGES[0], LABELS, "Reshape"),
        (IMAGES.astype(str), LABELS, "numbers"),
    ],
)
def test_what_is_no_data_set_is_refused(images, labels, message):
    with pytest.raises(DataError, match=message):
        ImageDataset.from_arrays(images, labels)


def test_a_label_beyond_the_named_classes_is_refused():
    with pytest.raises(DataError, match=r"0\.\.1"):
        ImageDataset.from_arrays(IMAGES, [0, 1, 2, 0], classes=["a", "b"])
    with pytest.raises(DataError, match="not among its classes"):
        ImageDataset.from_arrays(IMAGES, ["a", "b", "c", "a"], classes=["a", "b"])


def test_classes_of_one_name_are_refused():
    with pytest.raises(DataError, match="distinct"):
        ImageDataset.from_arrays(IMAGES, LABELS, classes=["a", "a"])


def test_the_plain_constructor_checks_too():
    with pytest.raises(DataError, match=r"0\.\.1"):
        ImageDataset(IMAGES[..., None], np.array([0, 1, 2, 0]), ("a", "b"), "raw")
