"""Random spectra change how the variance is spread over the directions, and nothing else."""

import numpy as np
import pytest
import torch

from gpicl.data import load_dataset, preprocess
from gpicl.tasks import TaskAugmentor
from gpicl.tasks.randomness import Numbers, Stream
from gpicl.tasks.widenings.spectrum import Spectrum
from gpicl.tasks.widenings.widening import Setting


def spectrum_of(features):
    return Spectrum(1.0, Setting(features, features.features.shape[1], 4))


def test_the_total_variance_is_kept(features):
    spectrum = spectrum_of(features)
    components = features.normalised(np.arange(len(features))) @ spectrum.basis.numpy()
    total = components.var(0).sum()
    tasks = torch.arange(20)
    for scales in spectrum.scales(Numbers(0, Stream.FRESH, tasks, tasks)).numpy():
        assert (components * scales).var(0).sum() == pytest.approx(total, rel=1e-3)
        assert scales.std() > 0


def test_components_looked_up_and_components_computed_make_the_same_episodes(features, monkeypatch):
    widen = {"spectrum": 0.7, "noise": 0.3}
    looked_up = TaskAugmentor(features, length=20, widen=widen).episodes(range(20)).inputs
    monkeypatch.setattr("gpicl.tasks.examples._TABLE_BYTES", {"cpu": 0, "cuda": 0})
    computed = TaskAugmentor(features, length=20, widen=widen).episodes(range(20)).inputs
    torch.testing.assert_close(looked_up, computed, atol=1e-4, rtol=1e-4)


def test_pixels_that_are_new_in_every_episode_have_a_spectrum_too():
    noise = preprocess(load_dataset("random"), size=8, channels=1)
    tasks = TaskAugmentor(noise, length=20, widen={"spectrum": 1.0})
    assert torch.isfinite(tasks.episodes(range(3)).inputs).all()
