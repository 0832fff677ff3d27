"""What is measured: how large the work is, in which precision, and the learners as they are timed."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, NamedTuple

import torch

from gpicl.bench.figures import Figure
from gpicl.errors import UnknownNameError
from gpicl.learners import LEARNERS, Learner, build_learner
from gpicl.runtime import lightning_precision


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


Precision = Literal["auto", "bf16", "fp32"]


class Setting(NamedTuple):
    """Sizes and precision.

    Attributes:
        scale: Sizes of the work.
        kind: Precision of a learner's products, `bf16` or `fp32`.
    """

    scale: Scale
    kind: Literal["bf16", "fp32"]

    @classmethod
    def of(cls, scale: Scale, precision: Precision) -> "Setting":
        """Resolve a precision as meta-training does.

        Args:
            scale: Sizes of the work.
            precision: See `TrainingConfig.precision`.
        """
        half = lightning_precision(precision, torch.device("cpu")) == "bf16-mixed"
        return cls(scale, "bf16" if half else "fp32")

    def autocast(self) -> AbstractContextManager[object]:
        """What a learner's forward pass runs in."""
        return torch.autocast("cpu", torch.bfloat16) if self.kind == "bf16" else nullcontext()


class Measured(NamedTuple):
    """What a group gives.

    Attributes:
        figures: The figures, the limits among them.
        notes: Sentences about what was left out, and why.
    """

    figures: list[Figure]
    notes: list[str]


CLASSES = 10


class Case(NamedTuple):
    """A learner of a certain size.

    Attributes:
        name: Name of the learner.
        options: What it is built with.
        batch: Episodes per step.
        length: Examples per episode.
        num_features: Features of its inputs.
    """

    name: str
    options: dict[str, Any]
    batch: int
    length: int
    num_features: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a batch of inputs."""
        return self.batch, self.length, self.num_features

    def build(self) -> Learner:
        """Build the learner."""
        return build_learner(self.name, self.num_features, CLASSES, **self.options)


# The sizes of the published table of architectures; a learner that is not named here is timed as it comes.
_OPTIONS: dict[str, dict[str, Any]] = {
    "LSTM": {"hidden": 256},
    "OuterProductLSTM": {"hidden": 64},
    "FastWeightMemory": {"hidden": 64},
    "VSMLWithoutSymmetries": {"k": 8},
    "MAML": {"depth": 2, "width": 128},
    "SGD": {"depth": 0},
}
_TRANSFORMERS = ("TokenTransformer", "ValueTransformer")
# Learners whose state is too large for a full batch take this part of one.
_PARTS = {"VSML": 8, "MAML": 4}


def all_cases(scale: Scale) -> list[Case]:
    """Give every learner of the package, and the token Transformer at twice the width too.

    Args:
        scale: Says the sizes.
    """
    cases = [learner_case(name, scale) for name in LEARNERS]
    wide = learner_case("TokenTransformer", scale)._replace(options=scale.wide)
    at = next(i for i, case in enumerate(cases) if case.name == "TokenTransformer")
    return [*cases[: at + 1], wide, *cases[at + 1 :]]


def learner_case(name: str, scale: Scale) -> Case:
    """Give one learner.

    Args:
        name: Its name.
        scale: Says the sizes.
    """
    options = scale.transformer if name in _TRANSFORMERS else _OPTIONS.get(name, {})
    batch = max(1, scale.batch // _PARTS.get(name, 1))
    return Case(name, options, batch, scale.length, scale.num_features)
