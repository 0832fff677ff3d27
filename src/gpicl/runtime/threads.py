"""Threads: keep NumPy's threads from slowing down PyTorch's."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit the BLAS of NumPy and SciPy to one thread within a `with` block.

    WHY: BLAS threads keep spinning for a while after they finish, on the cores that PyTorch's threads need next. On
    two cores a fit then takes four times as long, and matrices of a few hundred rows gain nothing from more threads.

    The limit holds for the whole process, so concurrent blocks share it: the first sets it, and the last restores the
    previous value.
    """
    _shared.enter()
    try:
        yield
    finally:
        _shared.leave()


class _SharedLimit:
    """One limit for all blocks that are open at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._limiter: Any = None

    def enter(self) -> None:
        with self._lock:
            if not self._open:
                self._limiter = _controller().limit(limits=1, user_api="blas")
            self._open += 1

    def leave(self) -> None:
        with self._lock:
            self._open -= 1
            if not self._open:
                self._restore()

    def after_fork(self) -> None:
        """Reset in a child process, which does not have the threads with open blocks."""
        self._lock = threading.Lock()
        if self._open:
            self._open = 0
            self._restore()

    def _restore(self) -> None:
        self._limiter.restore_original_limits()
        self._limiter = None


@cache
def _controller() -> ThreadpoolController:
    # Inspecting all loaded libraries takes as long as a fit, so it is done once.
    return ThreadpoolController()


_shared = _SharedLimit()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_shared.after_fork)
