"""Where a run is meta-trained and meta-tested."""

import pytest
import torch

from gpicl.errors import ConfigError
from gpicl.metatraining import LoopConfig
from gpicl.metatraining.placement import device_of, lightning_devices, on_device


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.parametrize(
    ("device", "accelerator", "lightning", "tested_on"),
    [
        (None, "auto", ("auto", 1), "cuda"),
        ("cpu", "cpu", ("cpu", 1), "cpu"),
        ("cuda", "gpu", ("gpu", 1), "cuda"),
        ("cuda:1", "cuda:1", ("gpu", [1]), "cuda:1"),
    ],
)
def test_a_device_is_another_way_to_set_the_accelerator(two_gpus, device, accelerator, lightning, tested_on):
    loop = on_device(LoopConfig(), device)
    assert loop.accelerator == accelerator
    assert lightning_devices(loop.accelerator, loop.devices) == lightning
    assert device_of(loop) == torch.device(tested_on)
    assert on_device(loop, device) == loop, "the same said twice is no contradiction"


@pytest.mark.parametrize(
    ("loop", "device", "gpus", "error"),
    [
        (LoopConfig(accelerator="gpu"), "cpu", 0.0, "--device cpu contradicts loop.accelerator=gpu"),
        (LoopConfig(accelerator="cpu"), "cuda", 0.0, "--device cuda contradicts loop.accelerator=cpu"),
        (LoopConfig(), "cpu", 0.5, "--device cpu contradicts --gpus 0.5"),
        (LoopConfig(devices=2), "cuda:1", 0.0, "cuda:1 is one GPU, but loop.devices=2"),
        (LoopConfig(), "meta", 0.0, "Unknown device 'meta'"),
    ],
)
def test_contradictions_are_refused(two_gpus, loop, device, gpus, error):
    with pytest.raises(ConfigError, match=error):
        on_device(loop, device, gpus)


def test_devices_of_a_cluster_are_not_checked_here(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert on_device(LoopConfig(), "cuda", elsewhere=True).accelerator == "gpu"
    with pytest.raises(ConfigError, match="Unknown device 'abacus'"):
        on_device(LoopConfig(), "abacus", elsewhere=True)
    with pytest.raises(ConfigError, match="'cuda' is not available"):
        device_of(LoopConfig(accelerator="gpu"))
