"""Warnings about the user's data, reported at the user's line of code."""

import sys
import warnings
from importlib.util import find_spec

# Code between the user's line and a warning: ours, scikit-learn's, and the shape checks of our tests.
_SPECS = (find_spec(name) for name in ("gpicl", "sklearn", "jaxtyping"))
_BETWEEN = ("<@beartype", *(folder for spec in _SPECS if spec for folder in spec.submodule_search_locations or ()))


def warn(message: str) -> None:
    """Issue a warning at the line that called this package.

    Args:
        message: What is wrong, and what to do.
    """
    frame, depth = sys._getframe(1), 2
    while frame.f_back and frame.f_code.co_filename.startswith(_BETWEEN):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, UserWarning, stacklevel=depth)
