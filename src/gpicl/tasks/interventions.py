"""Interventions on the tasks of meta-training, which help a learner off its plateau."""

from typing import NamedTuple

from torch import Tensor

from gpicl.errors import TaskError


def check_probability(name: str, value: float) -> None:
    """Raise `TaskError` unless a value is a probability.

    Args:
        name: What the user calls it.
        value: The value.
    """
    if not 0.0 <= value <= 1.0:
        raise TaskError(f"{name} must be from 0 to 1, not {value}.")


class Interventions(NamedTuple):
    """What is done to seen tasks; by default nothing. Unseen tasks never have an intervention.

    Attributes:
        permutation_probability: Probability `p` that a task permutes its labels (bias intervention; paper, section
            4.4).
        repetition_probability: Probability that an episode repeats a few examples all the way through. An exact
            repetition is the easiest thing to look up, so such episodes teach a learner to look back at all (after the
            "burstiness" of Chan et al. 2022, arXiv 2205.05055).
        repeated_images: How many examples such an episode shows. Ten are about one a class, each seen about ten times
            in a hundred. A learner whose state is small begins with fewer (docs/lab-notebook.md).
        num_classes: Labels that tasks use, of those that there are; None for all.

    The first three may be tensors of one number on the device where tasks are made, so that a captured CUDA graph reads
    what they are at each step; `repeated_images` is then no more than an episode has examples.
    """

    permutation_probability: float | Tensor = 1.0
    repetition_probability: float | Tensor = 0.0
    repeated_images: int | Tensor = 10
    num_classes: int | None = None

    @property
    def may_repeat(self) -> bool:
        """Whether any episode may repeat its examples; a tensor is not looked at."""
        return isinstance(self.repetition_probability, Tensor) or self.repetition_probability > 0

    def check(self) -> "Interventions":
        """Return these interventions.

        Raises:
            TaskError: If a probability is none, or there is nothing to repeat.
        """
        for name in ("permutation_probability", "repetition_probability"):
            if not isinstance(getattr(self, name), Tensor):
                check_probability(name, getattr(self, name))
        if not isinstance(self.repeated_images, Tensor) and self.repeated_images < 1:
            raise TaskError(f"repeated_images must be at least 1, not {self.repeated_images}.")
        if self.num_classes is not None and self.num_classes < 2:
            raise TaskError(
                f"num_classes must be at least 2, not {self.num_classes}: one class leaves nothing to learn."
            )
        return self


NO_INTERVENTION = Interventions()
"""Nothing is done."""
