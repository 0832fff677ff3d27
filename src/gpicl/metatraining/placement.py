"""Choose the device of a run: convert between a device and `loop.accelerator`."""

from dataclasses import replace

import torch

from gpicl.errors import ConfigError
from gpicl.metatraining.config import LoopConfig
from gpicl.runtime import find_device


def on_device(loop: LoopConfig, device: str | None, gpus: float = 0.0, elsewhere: bool = False) -> LoopConfig:
    """Choose the device of a run: `--device` is another way to set `loop.accelerator`.

    Args:
        loop: The configured loop.
        device: See `find_device`; None leaves `loop` unchanged.
        gpus: Number of GPUs for each run on Ray.
        elsewhere: Whether other machines do the work, so that their devices are not known here.

    Raises:
        ConfigError: If the device does not exist, or contradicts `loop` or `gpus`.
    """
    if device is None:
        return loop
    try:
        found = torch.device(device) if elsewhere else find_device(device)
    except RuntimeError:
        found = find_device(device)  # raises an error with the accepted names
    accelerator = accelerator_of(found)
    alike = {"cuda": "gpu"}.get(loop.accelerator, loop.accelerator)
    if alike not in ("auto", accelerator):
        raise ConfigError(
            f"--device {device} contradicts loop.accelerator={loop.accelerator}. Give one of the two; --device is "
            "enough."
        )
    if found.type == "cpu" and gpus:
        raise ConfigError(f"--device cpu contradicts --gpus {gpus:g}. Leave one of them out.")
    if found.index is not None and gpus:
        raise ConfigError(
            f"--device {device} contradicts --gpus {gpus:g}: Ray chooses the GPU of each run. Leave --device out."
        )
    _check_one(accelerator, loop.devices)
    return replace(loop, accelerator=accelerator)


def check_shared_gpu(loop: LoopConfig, engine: str, gpus: float, expected: bool = False) -> None:
    """Refuse runs on Ray that would all use the first GPU at once.

    Args:
        loop: The loop, with the device of the runs.
        engine: Name of the engine.
        gpus: Number of GPUs for each run on Ray.
        expected: Whether the runs are for a GPU although this machine may have none.

    Raises:
        ConfigError: If the runs may use a GPU, but Ray assigns none.
    """
    may_use = loop.accelerator in ("auto", "gpu", "cuda") and (expected or torch.cuda.is_available())
    if engine == "ray" and not gpus and may_use:
        raise ConfigError(
            "Without --gpus all runs on Ray would use the same GPU at once. Add --gpus 1 for one run per GPU, --gpus "
            "0.5 for two, or --device cpu."
        )


def accelerator_of(device: torch.device) -> str:
    """Return the value of `loop.accelerator` for a device: `cpu`, `gpu`, or one GPU such as `cuda:1`."""
    return str(device) if device.index is not None else {"cuda": "gpu"}.get(device.type, device.type)


def device_of(loop: LoopConfig) -> torch.device:
    """Return the device of a run; the first one of several.

    Args:
        loop: Loop with Lightning's name of the hardware. For hardware other than CPUs and GPUs the result is the CPU.
    """
    if loop.accelerator == "auto":
        return find_device()
    name = "cuda" if loop.accelerator == "gpu" else loop.accelerator
    return find_device(name) if name.startswith("cuda") else torch.device("cpu")


def lightning_devices(accelerator: str, devices: int) -> tuple[str, int | list[int]]:
    """Return Lightning's `accelerator` and `devices`; a numbered GPU becomes a list with its number.

    Args:
        accelerator: Value of `loop.accelerator`: a name from Lightning, or a GPU such as `cuda:1`.
        devices: Value of `loop.devices`.

    Raises:
        ConfigError: If one GPU is named, but `devices` is more than 1.
    """
    if not accelerator.startswith("cuda:"):
        return accelerator, devices
    _check_one(accelerator, devices)
    return "gpu", [find_device(accelerator).index]


def _check_one(accelerator: str, devices: int) -> None:
    if accelerator.startswith("cuda:") and devices > 1:
        raise ConfigError(
            f"{accelerator} is one GPU, but loop.devices={devices}. Choose cuda for several GPUs, or leave "
            "loop.devices at 1."
        )
