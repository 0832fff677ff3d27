"""The machine that figures are of."""

import os
import platform
from pathlib import Path

import torch


def describe_machine() -> dict[str, str | int]:
    """Say what decides how fast everything is."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
        "memory_mib": physical_memory() // 2**20,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def physical_memory() -> int:
    """Bytes of memory that the machine has; 0 where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def available_memory() -> int:
    """Bytes of memory that are free for the asking; 0 where the machine does not say."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    return physical_memory()


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
