import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from gpicl.data import FeatureDataset, contents_of, dataset_label, load_contents, load_features
from gpicl.errors import DataError

FEATURES = np.random.RandomState(0).randn(6, 5)
LABELS = [0, 1, 2, 0, 1, 2]


def test_embeddings_become_float32_and_are_no_picture():
    dataset = FeatureDataset.from_arrays(FEATURES, LABELS, name="embeddings")
    assert dataset.features.dtype == np.float32
    assert dataset.image_shape is None
    assert (len(dataset), dataset.num_features, dataset.num_classes) == (6, 5, 3)


def test_bytes_stay_bytes():
    features = np.arange(30, dtype=np.uint8).reshape(6, 5)
    assert FeatureDataset.from_arrays(features, LABELS).features.dtype == np.uint8


@given(hnp.arrays(np.uint8, (6, 5)).filter(lambda x: x.std() > 0))
def test_one_mean_and_deviation_normalise_everything(features):
    dataset = FeatureDataset.from_arrays(features, LABELS)
    assert dataset.mean == pytest.approx(features.mean())
    assert dataset.std == pytest.approx(features.std())
    everything = dataset.normalised(np.arange(6))
    assert everything.dtype == np.float32
    assert everything.mean() == pytest.approx(0, abs=1e-4)
    assert everything.std() == pytest.approx(1, abs=1e-4)


def test_mean_and_deviation_do_not_depend_on_the_chunks_they_are_computed_in():
    features = np.random.RandomState(1).randint(0, 256, (10_000, 3)).astype(np.uint8)
    dataset = FeatureDataset.from_arrays(features, np.arange(10_000) % 2)
    assert dataset.mean == pytest.approx(features.mean(), rel=1e-12)
    assert dataset.std == pytest.approx(features.std(), rel=1e-12)


def test_normalised_gives_the_examples_asked_for():
    dataset = FeatureDataset.from_arrays(FEATURES, LABELS)
    some = dataset.normalised(np.array([4, 4, 0]))
    np.testing.assert_allclose(some, (FEATURES[[4, 4, 0]] - FEATURES.mean()) / FEATURES.std(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.full((6, 5), 7, np.uint8), "cannot be normalised"),
        (np.where(FEATURES[0, 0] == FEATURES, np.nan, FEATURES), "NaN"),
        (FEATURES * 1e300, "NaN"),
        (FEATURES.reshape(6, 5, 1), "Flatten"),
        (FEATURES.astype(str), "numbers"),
        (FEATURES[:5], "one label per example"),
        (FEATURES[:, :0], "Flatten"),
    ],
)
def test_features_that_cannot_be_used_are_refused(features, message):
    with np.errstate(all="ignore"), pytest.raises(DataError, match=message):
        FeatureDataset.from_arrays(features, LABELS)


def test_a_shape_that_is_not_the_features_is_refused():
    with pytest.raises(DataError, match="do not make an image of shape"):
        FeatureDataset.from_arrays(FEATURES, LABELS, image_shape=(2, 2, 1))


def test_joined_sets_have_the_examples_and_classes_of_all():
    both, one, other = (load_features(name, size=8) for name in ("digits+mnist_5k", "digits", "mnist_5k"))
    assert both.name == "digits+mnist_5k"
    assert len(both) == len(one) + len(other)
    assert both.classes[:2] == ("digits: 0", "digits: 1")
    assert np.array_equal(both.labels, np.concatenate([one.labels, other.labels + 10]))
    assert np.array_equal(both.features[: len(one)], one.features)
    assert both.normalised(np.arange(len(both))).std() == pytest.approx(1, rel=1e-3)


def test_the_summary_of_joined_sets_is_that_of_their_features(tmp_path):
    def write(count: int) -> None:
        np.savez(
            tmp_path / "own.npz", x=np.arange(64 * count, dtype=np.uint8).reshape(count, 8, 8), y=np.arange(count) % 2
        )

    write(4)
    name = f"digits+own={tmp_path / 'own.npz'}"
    before = load_contents(name, size=8)
    assert before == contents_of(load_features(name, size=8))
    write(6)
    assert load_contents(name, size=8).examples == before.examples + 2, "a part has changed"


def test_the_label_of_joined_sets_is_their_name(tmp_path):
    np.savez(tmp_path / "own.npz", x=np.arange(256, dtype=np.uint8).reshape(4, 8, 8), y=[0, 1, 0, 1])
    name = f"mine={tmp_path / 'own.npz'} + digits"
    assert dataset_label(name) == load_features(name, size=8).name == "mine+digits"


def test_sets_of_different_widths_are_not_joined():
    with pytest.raises(DataError, match="Give images one size"):
        load_features("digits+mnist1d", size=None)
