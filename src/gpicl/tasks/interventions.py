"""Interventions on the tasks of meta-training, which help a learner off its plateau."""

from typing import NamedTuple

from gpicl.errors import TaskError
from gpicl.tasks.probability import check_probability


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
    """

    permutation_probability: float = 1.0
    repetition_probability: float = 0.0
    repeated_images: int = 10
    num_classes: int | None = None

    def check(self) -> "Interventions":
        """Return these interventions.

        Raises:
            TaskError: If a probability is none, or there is nothing to repeat.
        """
        check_probability("permutation_probability", self.permutation_probability)
        check_probability("repetition_probability", self.repetition_probability)
        if self.repeated_images < 1:
            raise TaskError(f"repeated_images must be at least 1, not {self.repeated_images}.")
        if self.num_classes is not None and self.num_classes < 2:
            raise TaskError(
                f"num_classes must be at least 2, not {self.num_classes}: one class leaves nothing to learn."
            )
        return self


NO_INTERVENTION = Interventions()
"""Nothing is done."""
