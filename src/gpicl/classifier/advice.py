"""Warnings about what the user gave, at the line where it was given."""

import sys
import warnings
from importlib.util import find_spec

# Code between the user's and a warning: ours, scikit-learn's, and what checks shapes in our tests.
_SPECS = (find_spec(name) for name in ("gpicl", "sklearn", "jaxtyping"))
_BETWEEN = ("<@beartype", *(folder for spec in _SPECS if spec for folder in spec.submodule_search_locations or ()))


def warn(message: str) -> None:
    """Warn at the line that called this package.

    Args:
        message: What is wrong, and what to do.
    """
    frame, depth = sys._getframe(1), 2
    while frame.f_back and frame.f_code.co_filename.startswith(_BETWEEN):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, UserWarning, stacklevel=depth)
