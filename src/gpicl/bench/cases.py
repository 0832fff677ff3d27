"""The learners as they are timed."""

from typing import Any, NamedTuple

from gpicl.bench.scales import Scale
from gpicl.learners import LEARNERS, Learner, build_learner

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
