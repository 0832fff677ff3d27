"""Where a run is meta-trained and meta-tested: from a device to `loop.accelerator` and back."""

from dataclasses import replace

import torch

from gpicl.errors import ConfigError
from gpicl.metatraining.config import LoopConfig
from gpicl.runtime import find_device


def on_device(loop: LoopConfig, device: str | None, gpus: float = 0.0, elsewhere: bool = False) -> LoopConfig:
    """Choose the device of a run: `--device` is another way to set `loop.accelerator`.

    Args:
        loop: As it is configured.
        device: See `find_device`; None leaves `loop` as it is.
        gpus: GPUs of each run on Ray.
        elsewhere: Whether other machines do the work, whose devices are not known here.

    Raises:
        ConfigError: If there is no such device, or it contradicts `loop` or `gpus`.
    """
    if device is None:
        return loop
    try:
        found = torch.device(device) if elsewhere else find_device(device)
    except RuntimeError:
        found = find_device(device)  # which says what is accepted
    accelerator = str(found) if found.index is not None else {"cuda": "gpu"}.get(found.type, found.type)
    alike = {"cuda": "gpu"}.get(loop.accelerator, loop.accelerator)
    if alike not in ("auto", accelerator):
        raise ConfigError(
            f"--device {device} contradicts loop.accelerator={loop.accelerator}. Give one of the two; --device is "
            "enough."
        )
    if found.type == "cpu" and gpus:
        raise ConfigError(f"--device cpu contradicts --gpus {gpus:g}. Leave one of them out.")
    _check_one(accelerator, loop.devices)
    return replace(loop, accelerator=accelerator)


def device_of(loop: LoopConfig) -> torch.device:
    """Say where a run is meta-trained and meta-tested; the first of several devices.

    Args:
        loop: Says so in Lightning's words. Hardware other than CPUs and GPUs is tested for on the CPU.
    """
    if loop.accelerator == "auto":
        return find_device()
    name = "cuda" if loop.accelerator == "gpu" else loop.accelerator
    return find_device(name) if name.startswith("cuda") else torch.device("cpu")


def lightning_devices(accelerator: str, devices: int) -> tuple[str, int | list[int]]:
    """Give Lightning's accelerator and devices; one GPU by its number is a list of that number.

    Args:
        accelerator: `loop.accelerator`: a name of Lightning's, or a GPU such as `cuda:1`.
        devices: `loop.devices`.

    Raises:
        ConfigError: If one GPU is named and several are to be used.
    """
    if not accelerator.startswith("cuda:"):
        return accelerator, devices
    _check_one(accelerator, devices)
    return "gpu", [find_device(accelerator).index]


def _check_one(accelerator: str, devices: int) -> None:
    if accelerator.startswith("cuda:") and devices > 1:
        raise ConfigError(
            f"{accelerator} is one GPU, and loop.devices={devices} are to be used. Choose cuda for several GPUs, or "
            "leave loop.devices at 1."
        )
