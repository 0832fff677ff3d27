"""The recipe, and what is left of it when faults are taken away."""

from collections.abc import Iterator

SCALE = "projection 1/N"
NORMALISATION = "columns normalised"
HEAD = "one head"
PLATEAU = "no intervention"
TASKS = "2^15 tasks"
RELU = "ReLU on logits"

TRANSFORMER, MLP = "Transformer", "MLP (SGD)"
FAULTS = {
    TRANSFORMER: (SCALE, NORMALISATION, HEAD, PLATEAU, TASKS),
    MLP: (SCALE, NORMALISATION, RELU),
}
ALL, NONE = "all faults", "no fault"


def variants(learner: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Name every variant of a learner, with the faults that it has.

    Args:
        learner: One of `FAULTS`.

    Yields:
        All faults; all but one, for each; none; one alone, for each.
    """
    faults = FAULTS[learner]
    yield ALL, frozenset(faults)
    for fault in faults:
        yield without(fault), frozenset(faults) - {fault}
    yield NONE, frozenset()
    for fault in faults:
        yield only(fault), frozenset({fault})


def without(fault: str) -> str:
    """Name the variant that has all faults but one."""
    return f"all but: {fault}"


def only(fault: str) -> str:
    """Name the variant that has one fault alone."""
    return f"only: {fault}"
