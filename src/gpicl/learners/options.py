"""Checks of the options of learners."""

from gpicl.errors import LearnerError


def at_least(minimum: int, **options: int) -> None:
    """Raise `LearnerError` for the first option below `minimum`.

    Args:
        minimum: Smallest valid value.
        options: Options by name.
    """
    for name, value in options.items():
        if value < minimum:
            raise LearnerError(f"{name} must be at least {minimum}, not {value}.")


def divided_by(divisor: int, **options: int) -> None:
    """Raise `LearnerError` for the first option that `divisor` heads cannot share equally.

    Args:
        divisor: Number of heads.
        options: Options by name.
    """
    for name, value in options.items():
        if value % divisor:
            raise LearnerError(f"{name}={value} cannot be divided by {divisor} heads. Choose a multiple of {divisor}.")
