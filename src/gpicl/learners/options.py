"""Checks of the options that a learner is built with."""

from gpicl.errors import LearnerError


def at_least(minimum: int, **options: int) -> None:
    """Raise `LearnerError` for the first option below `minimum`.

    Args:
        minimum: Smallest value that makes sense.
        options: Options by name.
    """
    for name, value in options.items():
        if value < minimum:
            raise LearnerError(f"{name} must be at least {minimum}, not {value}.")
