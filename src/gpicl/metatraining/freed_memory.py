"""Keeping memory between the steps of a long computation."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

# Parameters of glibc's `mallopt` (malloc.h), and the values that it comes to by itself in a program with large arrays.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_USUAL_TRIM, _USUAL_MMAP, _USUAL_MMAP_MAX = 64 * 2**20, 32 * 2**20, 65_536

# Holds something while a block is open: the setting is the whole process's.
_blocks: list[bool] = []


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep what is freed within a `with` block for the next allocation, and give it back to the system at the end.

    Blocks may lie in each other; the outermost counts.

    WHY: a step frees all its activations, and the next one asks for the same again. In between glibc returns them to
    the system, which has to clear every page before it hands it out anew; that took an eighth to a third of a step
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
