"""Descriptions of the machine, for measurements."""

import os
import platform
from pathlib import Path

import torch

from gpicl.runtime.memory import physical_memory


def machine_description(device: torch.device | None = None) -> str:
    """Describe the machine in words, for example "2 cores of AMD EPYC 7763 (x86_64)".

    Args:
        device: Device that did the work; a GPU is named first.
    """
    cores = f"{os.cpu_count()} cores of {_processor()} ({platform.machine()})"
    if device is None or device.type != "cuda":
        return cores
    return f"{torch.cuda.get_device_name(device)} with {cores}"


def describe_machine() -> dict[str, str | int]:
    """Return the properties that determine the machine's speed, by name."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
        "memory_mib": physical_memory() // 2**20,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
