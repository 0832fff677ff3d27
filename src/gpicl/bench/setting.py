"""What a group of figures is measured with."""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal, NamedTuple

import torch

from gpicl.bench.figure import Figure
from gpicl.bench.scales import Scale
from gpicl.runtime import lightning_precision

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
