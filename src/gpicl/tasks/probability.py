"""Probabilities that a user gives."""

from gpicl.errors import TaskError


def check_probability(name: str, value: float) -> None:
    """Raise `TaskError` unless a value is a probability.

    Args:
        name: What the user calls it.
        value: The value.
    """
    if not 0.0 <= value <= 1.0:
        raise TaskError(f"{name} must be from 0 to 1, not {value}.")
