"""Warnings about what the user gave, at the line where it was given."""

import sys
import warnings
from pathlib import Path

_PACKAGES = tuple(str(Path(sys.modules[name].__file__ or "").parent) for name in ("gpicl", "sklearn"))


def warn(message: str) -> None:
    """Warn at the line that called this package.

    Args:
        message: What is wrong, and what to do.
    """
    frame, depth = sys._getframe(1), 2
    while frame.f_back and frame.f_code.co_filename.startswith(_PACKAGES):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, UserWarning, stacklevel=depth)
