"""Devices by name."""

import torch

from gpicl.errors import ConfigError


def find_device(name: str | torch.device | None = None) -> torch.device:
    """Return the device with this name.

    Args:
        name: `cpu`, `cuda`, or `cuda:1` for the second GPU. None: the GPU if there is one, else the CPU.

    Raises:
        ConfigError: If the name is invalid, or this machine does not have the device.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise ConfigError(f"Unknown device {name!r}. {_ACCEPTED}") from error
    if device.type not in ("cpu", "cuda") or (device.type == "cpu" and device.index is not None):
        raise ConfigError(f"Unknown device {str(name)!r}. {_ACCEPTED}")
    if device.type == "cuda" and not is_available(device):
        gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        there = f"has {gpus} GPU{'s' * (gpus > 1)}, counted from cuda:0" if gpus else "has no GPU that PyTorch can use"
        raise ConfigError(f"The device {str(name)!r} is not available: this machine {there}. {_ACCEPTED}")
    return device


_ACCEPTED = "Choose cpu, cuda, or cuda:1 for the second GPU; without a choice, the GPU is used if there is one."


def is_available(device: torch.device) -> bool:
    """Return whether this machine has a device."""
    if device.type == "cpu":
        return True
    return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
