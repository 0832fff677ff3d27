"""Detect that meta-training has diverged, even if its loss is still finite."""

from math import isfinite, log

from gpicl.errors import DivergenceError

# Share of the past in the running mean, and number of looks before it is used.
_MEMORY, _FIRST_LOOKS = 0.9, 10
# In nats. A loss of _ABOVE over that of guessing has exploded. A loss within _BACK of guessing, after it was _BELOW
# under it, means that the learner has forgotten what it had learned.
_ABOVE, _BACK, _BELOW = 0.5, 0.1, 0.5

_REMEDY = (
    "Lower training.learning_rate or training.matrix_learning_rate, raise training.matrix_weight_decay (1 keeps Muon's "
    "matrices from growing), lengthen training.warmup, or set training.clip."
)


class LossWatch:
    """Monitors the loss, and raises an error if it has diverged.

    There are three signs: the loss is not finite; its running mean has risen half a nat above the loss of guessing,
    `ln C`, after it was below; or it is back at guessing after it was half a nat below. The last sign is ignored while
    interventions fade, since tasks then get harder.

    Args:
        num_classes: Number C of labels of a task.
        anneal_steps: Steps over which the interventions fade.
    """

    def __init__(self, num_classes: int, anneal_steps: int = 0) -> None:
        self._guess, self._anneal_steps = log(num_classes), anneal_steps
        self._mean = self._best = float("nan")
        self._looks = 0

    def state_dict(self) -> dict[str, float]:
        """Return the state that a resumed run needs: without it, it would judge a loss that has risen as its first."""
        return {"mean": self._mean, "best": self._best, "looks": self._looks}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Restore the state from `state_dict`."""
        self._mean, self._best, self._looks = state["mean"], state["best"], int(state["looks"])

    def look(self, loss: float, step: int) -> None:
        """Check the loss of a step.

        Args:
            loss: Loss in nats.
            step: Number of steps done before.

        Raises:
            DivergenceError: If meta-training has diverged.
        """
        if not isfinite(loss):
            raise DivergenceError(f"The loss is {loss} at step {step}: meta-training has diverged. {_REMEDY}")
        self._looks += 1
        self._mean = loss if self._looks == 1 else _MEMORY * self._mean + (1 - _MEMORY) * loss
        if self._looks < _FIRST_LOOKS:
            return
        if step <= self._anneal_steps or not isfinite(self._best):
            # While tasks get harder, the best loss is the current one.
            self._best = self._mean
        self._best = min(self._best, self._mean)
        exploded = self._mean > self._guess + _ABOVE and self._best < self._guess
        forgotten = self._mean > self._guess - _BACK and self._best < self._guess - _BELOW
        if exploded or forgotten:
            raise DivergenceError(
                f"The loss has risen to {self._mean:.2f} at step {step}, from {self._best:.2f} at its best; guessing "
                f"gives {self._guess:.2f}. Meta-training has diverged. {_REMEDY}"
            )
