"""Random spectra change how the variance is spread over the directions, and nothing else."""

import numpy as np
import pytest
import torch

from gpicl.data import load_dataset, preprocess
from gpicl.errors import TaskError
from gpicl.tasks import TaskAugmentor
from gpicl.tasks.spectrum import Spectrum


def test_the_total_variance_is_kept(features):
    spectrum = Spectrum(features)
    components = features.normalised(np.arange(len(features))) @ spectrum.basis.numpy()
    total = components.var(0).sum()
    for seed in range(20):
        scales = spectrum.scales(np.random.default_rng(seed), 1.0)
        assert (components * scales).var(0).sum() == pytest.approx(total, rel=1e-3)


def test_the_coin_decides_how_many_tasks_have_one(features):
    spectrum = Spectrum(features)
    plain = [np.all(spectrum.scales(np.random.default_rng(i), 0.7) == 1) for i in range(1000)]
    assert np.mean(plain) == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("num_tasks", [None, 8])
def test_an_episode_with_one_is_still_a_pure_function(features, num_tasks):
    tasks = TaskAugmentor(features, num_tasks=num_tasks, length=20, spectrum_probability=0.7)
    batch = tasks.episodes(range(10))
    for n in range(10):
        assert torch.equal(tasks.episodes([n]).inputs[0], batch.inputs[n])


def test_labels_and_unseen_tasks_stay_as_they_are(features):
    plain = TaskAugmentor(features, length=20)
    widened = TaskAugmentor(features, length=20, spectrum_probability=1.0)
    assert torch.equal(plain.episodes(range(5)).labels, widened.episodes(range(5)).labels)
    assert not torch.equal(plain.episodes(range(5)).inputs, widened.episodes(range(5)).inputs)
    assert torch.equal(plain.episodes(range(5), "unseen").inputs, widened.episodes(range(5), "unseen").inputs)


def test_an_impossible_probability_is_refused(features):
    with pytest.raises(TaskError, match="spectrum_probability"):
        TaskAugmentor(features, spectrum_probability=1.5)


def test_components_looked_up_and_components_computed_make_the_same_episodes(features, monkeypatch):
    looked_up = TaskAugmentor(features, length=20, spectrum_probability=0.7, variety_probability=0.3)
    monkeypatch.setattr("gpicl.tasks.spectrum._TABLE_BYTES", 0)
    computed = TaskAugmentor(features, length=20, spectrum_probability=0.7, variety_probability=0.3)
    assert Spectrum(features).components is None
    assert torch.equal(looked_up.episodes(range(20)).inputs, computed.episodes(range(20)).inputs)


def test_pixels_that_are_new_in_every_episode_have_no_table_of_components():
    noise = preprocess(load_dataset("random"), size=8, channels=1)
    assert Spectrum(noise).components is None
    tasks = TaskAugmentor(noise, length=20, spectrum_probability=1.0)
    assert torch.isfinite(tasks.episodes(range(3)).inputs).all()
