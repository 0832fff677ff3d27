"""The machine that something was measured on, in words."""

import os
import platform
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def machine_description() -> str:
    """Describe the machine, as in "2 cores of an AMD EPYC (x86_64)"."""
    model = platform.processor() or "an unnamed CPU"
    if _CPU_INFO.exists():
        models = [line.partition(":")[2].strip() for line in _CPU_INFO.read_text().splitlines() if "model name" in line]
        model = models[0] if models else model
    return f"{os.cpu_count()} cores of {model} ({platform.machine()})"
