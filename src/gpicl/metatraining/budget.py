"""How far a run has come, by steps or by the clock, and what follows for the learning rate."""

import time
from math import cos, pi

from gpicl.metatraining.config import TrainingConfig


class Budget:
    """Counts a run's progress from 0 to 1.

    WHY by the clock too: a newcomer's laptop should be done in two minutes whatever it is, with a learning rate that
    has come down by then. The price is that such a run is not exact to the bit; one that counts steps is.

    Args:
        config: Says `steps`, `minutes` or both.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._steps = config.max_steps
        self._seconds = None if config.minutes is None else 60 * config.minutes
        self._warmup = config.warmup
        self._decay = config.decay
        self._spent_before = 0.0
        self._started: float | None = None

    def start(self, spent_before: float = 0.0) -> None:
        """Start the clock.

        Args:
            spent_before: Seconds that the run had used before it was resumed.
        """
        self._spent_before = spent_before
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds used so far, those before a resumption included."""
        running = 0.0 if self._started is None else time.monotonic() - self._started
        return self._spent_before + running

    def progress(self, step: int) -> float:
        """Part of the budget that is used, 0..1.

        Args:
            step: Steps done.
        """
        of_steps = 0.0 if self._steps is None else step / self._steps
        of_time = 0.0 if self._seconds is None else self.seconds / self._seconds
        return min(max(of_steps, of_time), 1.0)

    def learning_rate_factor(self, step: int, progress: float) -> float:
        """What to multiply the learning rates by: up over the warm-up, then down to zero unless they are constant.

        Args:
            step: Steps done.
            progress: Part of the budget that is used.
        """
        rising = min(1.0, (step + 1) / self._warmup) if self._warmup else 1.0
        falling = {"constant": 1.0, "linear": 1.0 - progress, "cosine": (1.0 + cos(pi * progress)) / 2}
        return rising * falling[self._decay]
