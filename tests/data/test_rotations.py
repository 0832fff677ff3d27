"""Turned images are classes of their own."""

import numpy as np
import pytest

from gpicl.data import FeatureDataset, with_rotations
from gpicl.errors import DataError


def test_every_class_comes_in_four_turns():
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 5, 3), dtype=np.uint8)
    flat = FeatureDataset.from_arrays(images.reshape(6, -1), np.arange(6) % 3, image_shape=(5, 5, 3))
    turned = with_rotations(flat)
    assert turned.num_classes == 12
    assert turned.classes[:4] == ("0", "1", "2", "0 at 90 degrees")
    for turn in range(4):
        part = slice(6 * turn, 6 * turn + 6)
        np.testing.assert_array_equal(turned.labels[part], flat.labels + 3 * turn)
        for image, found in zip(images, turned.features[part], strict=True):
            np.testing.assert_array_equal(np.rot90(image, turn), found.reshape(5, 5, 3))


@pytest.mark.parametrize("shape", [None, (2, 3, 1)])
def test_what_cannot_be_turned_is_refused(shape):
    features = np.random.default_rng(0).integers(0, 256, (6, 6), dtype=np.uint8)
    with pytest.raises(DataError, match="only square images can be rotated"):
        with_rotations(FeatureDataset.from_arrays(features, np.arange(6) % 3, image_shape=shape))
