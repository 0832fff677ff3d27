"""The benchmark of small data: packed data sets are the ones that they were made from."""

import numpy as np
import pytest


@pytest.fixture
def datasets(import_benchmark):
    return import_benchmark("classifier", "datasets")


def test_packed_data_are_the_same(datasets, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", x=images, y=np.arange(40) % 4)
    before = datasets.load_table(f"own={tmp_path / 'images.npz'}")
    assert before.features.shape == (40, 14 * 14)
    packed = datasets.pack(["iris", f"own={tmp_path / 'images.npz'}"], tmp_path / "packed")
    assert packed == ["iris", f"own={tmp_path / 'packed' / 'own'}.npz"]
    after = datasets.load_table(packed[1])
    np.testing.assert_array_equal(after.features, before.features)
    np.testing.assert_array_equal(after.labels, before.labels)
