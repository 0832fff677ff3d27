"""Interventions on the tasks of meta-training, which help a learner to leave its plateau."""

from typing import NamedTuple

from torch import Tensor

from gpicl.errors import TaskError


def check_probability(name: str, value: float) -> None:
    """Raise `TaskError` unless a value is a probability.

    Args:
        name: Name used in the message.
        value: Number to check, accepted from 0 to 1.
    """
    if not 0.0 <= value <= 1.0:
        raise TaskError(f"{name} must be from 0 to 1, not {value}.")


class Interventions(NamedTuple):
    """Interventions on seen tasks; by default none. They never apply to unseen tasks.

    Attributes:
        permutation_probability: Probability `p` that a task permutes its labels (bias intervention; paper, section
            4.4).
        repetition_probability: Probability that an episode consists of a few repeated examples. An exact repetition is
            the easiest to look up, so such episodes teach a learner to use its context at all (after the "burstiness"
            of Chan et al. 2022, arXiv 2205.05055).
        repeated_images: Number of distinct examples in such an episode. Ten are about one per class, each shown about
            ten times in an episode of 100. A learner with a small state needs fewer at first (docs/lab-notebook.md).
        num_classes: Number of labels that tasks use; None for all.

    The first three may be one-element tensors on the device where tasks are made, so that a captured CUDA graph reads
    their current values at each step. `repeated_images` must then not exceed the length of an episode.
    """

    permutation_probability: float | Tensor = 1.0
    repetition_probability: float | Tensor = 0.0
    repeated_images: int | Tensor = 10
    num_classes: int | None = None

    @property
    def may_repeat(self) -> bool:
        """Whether any episode may repeat its examples; always True for a tensor, whose value is not read."""
        return isinstance(self.repetition_probability, Tensor) or self.repetition_probability > 0

    def check(self) -> "Interventions":
        """Validate and return these interventions; tensors are not checked.

        Raises:
            TaskError: If a probability is not from 0 to 1, or a count is too small.
        """
        for name in ("permutation_probability", "repetition_probability"):
            if not isinstance(getattr(self, name), Tensor):
                check_probability(name, getattr(self, name))
        if not isinstance(self.repeated_images, Tensor) and self.repeated_images < 1:
            raise TaskError(f"repeated_images must be at least 1, not {self.repeated_images}.")
        if self.num_classes is not None and self.num_classes < 2:
            raise TaskError(
                f"num_classes must be at least 2, not {self.num_classes}: with one class there is nothing to learn."
            )
        return self


NO_INTERVENTION = Interventions()
"""No intervention."""
