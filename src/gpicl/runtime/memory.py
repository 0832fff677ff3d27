"""Memory: how much the machine has, and keeping it between the steps of a long computation."""

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

# Parameters of glibc's `mallopt` (malloc.h), and the values that it comes to by itself in a program with large arrays.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_USUAL_TRIM, _USUAL_MMAP, _USUAL_MMAP_MAX = 64 * 2**20, 32 * 2**20, 65_536

# Holds something while a block is open: the setting is the whole process's.
_blocks: list[bool] = []


def physical_memory() -> int:
    """Bytes of memory that the machine has; 0 where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def available_memory() -> int:
    """Bytes of memory that can be allocated now; 0 where the machine does not say."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    return physical_memory()


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep what is freed within a `with` block for the next allocation, and give it back to the system at the end.

    Blocks may lie in each other; the outermost counts.

    WHY: a step frees all its activations, and the next one allocates the same again. In between glibc returns them to
    the system, which has to clear every page before it hands it out again; that took an eighth to a third of a step
    (docs/performance.md). Does nothing where the C library is another one.
    """
    libc = _glibc()
    if libc is None or _blocks:
        yield
        return
    _blocks.append(True)
    libc.mallopt(_MMAP_MAX, 0)
    libc.mallopt(_TRIM_THRESHOLD, -1)  # never
    try:
        yield
    finally:
        libc.mallopt(_TRIM_THRESHOLD, _USUAL_TRIM)
        libc.mallopt(_MMAP_THRESHOLD, _USUAL_MMAP)
        libc.mallopt(_MMAP_MAX, _USUAL_MMAP_MAX)
        libc.malloc_trim(0)
        _blocks.clear()


@cache
def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
