"""How large the benchmark is."""

from typing import Any, NamedTuple

from gpicl.errors import UnknownNameError


class Scale(NamedTuple):
    """Sizes of the work, and how long it is repeated.

    Attributes:
        name: Name of the scale.
        seconds: No round of a group is begun after this time,
        least: but as many as these are made in any case,
        most: and no more than these.
        batch: Episodes B per step.
        length: Examples T per episode.
        num_features: Features F of a training step's inputs.
        transformer: Options of the Transformers that are compared with other people's.
        wide: The same at twice the width.
        images: Size and channels of the images that tasks are made from.
        lengths: Episode lengths of the table of growth.
        batches: Batches of the table of growth.
        matrix: Rows and columns of the matrices whose products are the limit.
        numbers: How many numbers are moved through memory.
        learners: How many learners are given a process of their own, to see how much memory they take.
        rounds: Rounds of the table of growth.
        examples: Examples of the classifier.
        queries: Queries of the classifier.
    """

    name: str
    seconds: float
    least: int
    most: int
    batch: int
    length: int
    num_features: int
    transformer: dict[str, Any]
    wide: dict[str, Any]
    images: tuple[tuple[int, int], ...]
    lengths: tuple[int, ...]
    batches: tuple[int, ...]
    matrix: int
    numbers: int
    learners: int
    rounds: int
    examples: int
    queries: int


def find_scale(name: str) -> Scale:
    """Find a scale by its name.

    Args:
        name: `smoke` or `full`.

    Raises:
        UnknownNameError: If there is none of that name.
    """
    if name not in SCALES:
        raise UnknownNameError("scale", name, SCALES)
    return SCALES[name]


SCALES = {
    scale.name: scale
    for scale in (
        Scale(
            name="smoke",
            seconds=0.0,
            least=1,
            most=1,
            batch=2,
            length=8,
            num_features=16,
            transformer={"layers": 1, "width": 16, "heads": 2, "key_size": 8},
            wide={"layers": 1, "width": 32, "heads": 4, "key_size": 8},
            images=((4, 1), (4, 3)),
            lengths=(4,),
            batches=(2, 4),
            matrix=64,
            numbers=100_000,
            learners=1,
            rounds=1,
            examples=20,
            queries=50,
        ),
        Scale(
            name="full",
            seconds=25.0,
            least=5,
            most=15,
            batch=64,
            length=100,
            num_features=196,
            transformer={"layers": 4, "width": 128, "heads": 4, "key_size": 32},
            wide={"layers": 4, "width": 256, "heads": 8, "key_size": 32},
            images=((14, 1), (28, 1), (32, 3)),
            lengths=(50, 100, 200, 400, 800),
            batches=(8, 16, 32, 64, 128, 256),
            matrix=2048,
            numbers=32 * 2**20,
            learners=99,
            rounds=3,
            examples=100,
            queries=10_000,
        ),
    )
}
