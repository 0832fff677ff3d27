"""Memory: how much the machine has, and how to keep it between the steps of a long computation."""

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

# Parameters of glibc's `mallopt` (malloc.h), and the values that it reaches by itself in a program with large arrays.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_USUAL_TRIM, _USUAL_MMAP, _USUAL_MMAP_MAX = 64 * 2**20, 32 * 2**20, 65_536

# Non-empty while a block is open: the setting holds for the whole process.
_blocks: list[bool] = []


def physical_memory() -> int:
    """Return the machine's memory in bytes; 0 if unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep freed memory for the next allocation within a `with` block, and return it to the system at the end.

    Blocks can be nested; only the outermost has an effect. Without glibc this does nothing.

    WHY: a step frees all its activations, and the next one allocates the same amount again. In between glibc returns
    the memory to the system, which has to clear every page before handing it out again. That took an eighth to a third
    of a step (docs/performance.md).
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
