"""Threads: keeping NumPy's out of PyTorch's way."""

from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_blas_thread() -> Any:
    """Let NumPy and SciPy multiply on one thread while a `with` block runs.

    WHY: their threads keep spinning for a while when they are done, on the very cores that PyTorch's threads need
    next. On two cores that makes a fit four times as long, and matrices of a few hundred rows gain nothing from it.
    """
    return _controller().limit(limits=1, user_api="blas")


@cache
def _controller() -> ThreadpoolController:
    # Looking through all loaded libraries takes as long as a fit, so it is done once.
    return ThreadpoolController()
