import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gpicl.data import ImageDataset, load_dataset, preprocess
from gpicl.errors import DataError


def _images(*shape: int) -> ImageDataset:
    pixels = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)
    return ImageDataset.from_arrays(pixels, np.arange(shape[0]) % 2, name="some")


def _pillow(images: np.ndarray, size: int, filter_: Image.Resampling) -> np.ndarray:
    pictures = [Image.fromarray(i[..., 0] if i.shape[2] == 1 else i).resize((size, size), filter_) for i in images]
    return np.stack([np.asarray(p, np.uint8).reshape(size, size, -1) for p in pictures])


def _as_images(features) -> np.ndarray:
    return features.features.reshape(-1, *features.image_shape).astype(int)


@pytest.mark.parametrize(("old", "new", "channels"), [(28, 14, 1), (32, 16, 3), (28, 7, 1), (28, 1, 3)])
def test_shrinking_by_a_whole_factor_is_pillows_box_filter(old, new, channels):
    dataset = _images(5, old, old, channels)
    expected = _pillow(dataset.images, new, Image.Resampling.BOX)
    assert np.abs(_as_images(preprocess(dataset, new, None)) - expected).max() <= 1


@pytest.mark.parametrize(("old", "new", "channels"), [(8, 14, 1), (28, 32, 1), (5, 17, 3)])
def test_enlarging_is_pillows_bilinear_filter(old, new, channels):
    dataset = _images(5, old, old, channels)
    expected = _pillow(dataset.images, new, Image.Resampling.BILINEAR)
    assert np.abs(_as_images(preprocess(dataset, new, None)) - expected).max() <= 1


@given(st.integers(2, 20), st.integers(2, 20), st.integers(1, 20))
def test_shrinking_is_the_mean_over_the_area_of_each_new_pixel(height, width, size):
    size = min(size, height, width)
    dataset = _images(2, height, width, 1)
    # Each old pixel becomes size x size small ones; then every new pixel is a block of whole small ones.
    small = np.kron(dataset.images[..., 0], np.ones((1, size, size)))
    expected = small.reshape(2, size, height, size, width).mean((2, 4))
    found = _as_images(preprocess(dataset, size, None))[..., 0]
    assert np.abs(found - expected).max() <= 0.5 + 1e-3


@given(st.integers(2, 12), st.integers(1, 24), st.integers(0, 254))
def test_resizing_keeps_an_even_grey_even(old, new, grey):
    images = np.stack([np.full((old, old), grey), np.full((old, old), grey + 1)]).astype(np.uint8)
    found = _as_images(preprocess(ImageDataset.from_arrays(images, [0, 1]), new, 1))
    assert set(found[0].ravel()) == {grey}
    assert set(found[1].ravel()) == {grey + 1}


def test_images_that_are_not_square_become_square():
    assert preprocess(_images(4, 10, 20, 1), 5).image_shape == (5, 5, 1)


def test_none_leaves_size_and_channels_alone():
    dataset = _images(4, 6, 5, 3)
    features = preprocess(dataset, None, None)
    assert features.image_shape == (6, 5, 3)
    np.testing.assert_array_equal(features.features, dataset.images.reshape(4, -1))
    assert features.features.dtype == np.uint8


def test_grey_is_pillows_luma():
    dataset = _images(20, 9, 9, 3)
    expected = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in dataset.images])
    np.testing.assert_array_equal(_as_images(preprocess(dataset, None, 1))[..., 0], expected)


def test_colour_is_the_grey_value_three_times():
    dataset = _images(4, 6, 6, 1)
    np.testing.assert_array_equal(_as_images(preprocess(dataset, None, 3)), np.repeat(dataset.images, 3, axis=3))


def test_a_signal_is_never_resized():
    dataset = _images(4, 1, 40, 1)
    features = preprocess(dataset, 14, 1)
    assert features.image_shape == (1, 40, 1)
    np.testing.assert_array_equal(features.features, dataset.images.reshape(4, 40))


@pytest.mark.parametrize(("size", "channels"), [(14, 1), (None, None), (64, 3), (1, 1)])
def test_fresh_noise_is_full_noise_at_every_size(size, channels):
    features = preprocess(load_dataset("random"), size, channels)
    side = size or 32
    assert features.fresh_each_episode
    assert features.features.shape == (10, side * side * (channels or 1))
    assert (features.mean, features.std) == (127.5, pytest.approx(73.9, abs=0.01))
    if side > 1:
        assert features.features.std() == pytest.approx(73.9, rel=0.05)


def test_preprocessing_keeps_name_labels_and_classes():
    dataset = ImageDataset.from_arrays(_images(4, 6, 6, 1).images, ["b", "a", "b", "a"], name="pets")
    features = preprocess(dataset)
    assert (features.name, features.classes, features.fresh_each_episode) == ("pets", ("a", "b"), False)
    np.testing.assert_array_equal(features.labels, dataset.labels)


@pytest.mark.parametrize("size", [0, -3])
def test_a_size_below_one_is_refused(size):
    with pytest.raises(DataError, match="at least 1 pixel"):
        preprocess(_images(4, 6, 6, 1), size)


@pytest.mark.parametrize("channels", [0, 2, 4])
def test_other_numbers_of_channels_are_refused(channels):
    with pytest.raises(DataError, match=r"1 .grey., 3 .colour. or None"):
        preprocess(_images(4, 6, 6, 1), 3, channels)


def test_images_of_four_channels_can_only_be_left_alone():
    assert preprocess(_images(4, 6, 6, 4), 3, None).image_shape == (3, 3, 4)
    with pytest.raises(DataError, match="Set channels to None"):
        preprocess(_images(4, 6, 6, 4), 3, 1)


def test_images_of_one_grey_are_refused():
    with pytest.raises(DataError, match="cannot be normalised"):
        preprocess(ImageDataset.from_arrays(np.full((4, 6, 6), 9), [0, 1, 0, 1]))


def test_sixty_thousand_images_are_resized_in_few_pieces(monkeypatch):
    """A product of each axis a chunk, and not a call for every image."""
    products, matmul = [], np.matmul
    monkeypatch.setattr(np, "matmul", lambda *factors: products.append(None) or matmul(*factors))
    images = np.zeros((60_000, 28, 28, 1), np.uint8)
    images[:, 3] = 200
    dataset = ImageDataset.from_arrays(images, np.arange(60_000) % 10)
    assert len(preprocess(dataset, 14, 1).labels) == 60_000
    assert 2 <= len(products) < 200
