"""The machine that something was measured on."""

import os
import platform
from pathlib import Path

import torch

from gpicl.runtime.memory import physical_memory


def machine_description(device: torch.device | None = None) -> str:
    """Describe the machine in words, as in "2 cores of AMD EPYC 7763 (x86_64)".

    Args:
        device: Where the work was done; a GPU is named first.
    """
    cores = f"{os.cpu_count()} cores of {_processor()} ({platform.machine()})"
    if device is None or device.type != "cuda":
        return cores
    return f"{torch.cuda.get_device_name(device)} with {cores}"


def describe_machine() -> dict[str, str | int]:
    """Give everything that decides how fast the machine is, by name."""
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
