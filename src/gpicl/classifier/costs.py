"""Warnings about the time and memory of reading a context, before it is read."""

from gpicl.classifier.advice import warn
from gpicl.learners import Learner
from gpicl.learners.kernel_set_transformer import KernelSetTransformer

MOST_CONTEXT = 1000
"""Most examples that a classifier reads at once; the upper limit of `max_context`."""
_MANY_CLASSES = 50
_LONG = 0.5


def warn_of_cost(learner: Learner, examples: int, rows: int, classes: int, members: int, per_query: bool) -> None:
    """Warn if reading a context takes seconds.

    Args:
        learner: Learner that reads the context.
        examples: Examples that a member reads.
        rows: Examples that forests and the linear model are fitted to.
        classes: Classes of the data.
        members: Members of the ensemble.
        per_query: Whether a context is read for every query rather than once.
    """
    seconds, megabytes = _estimate(examples, rows, classes, members)
    if classes <= _MANY_CLASSES and not (per_query and seconds > _LONG):
        return
    size = f"{examples:,} examples of {classes:,} classes, with {members} member{'s' * (members > 1)}"
    if not isinstance(learner, KernelSetTransformer):
        cost = "takes long: the time grows with the square of the number of examples, and with the number of classes"
    else:
        cost = f"takes about {seconds:,.0f} s on one core and keeps about {megabytes:,.0f} MB"
    when = "for every query" if per_query else "in fit"
    fewer = "Fewer members (n_estimators=1), or fewer examples" if members > 1 else "Fewer examples"
    warn(f'Reading {size}, {cost}, {when}. {fewer} (max_context=200 with large_context="subsample") take less.')


def _estimate(examples: int, rows: int, classes: int, members: int) -> tuple[float, float]:
    """Seconds and megabytes, for the weights `general`.

    Measured on one core (Intel Xeon, 2 cores shared with other work, CPU seconds, 2026-11-26) with 20 columns, 200 to
    1,000 examples and 2 to 50 classes: off by up to a third. Other machines, or more columns, differ.
    """
    reading = members * 0.22 * (examples / 400) ** 1.6 + 9.4e-5 * examples * classes
    classical = 0.4 * rows / 400 + 0.2 if members > 1 else 0.0
    numbers = 15 * examples**2 + examples * (4 * (128 + 16 * classes) + 9 * classes)
    return reading + classical, members * numbers * 8 / 1e6
