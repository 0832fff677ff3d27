"""Progress of a run, by steps or by the clock, and the learning rate schedule that follows it."""

import time
from math import cos, pi

from gpicl.metatraining.config import TrainingConfig


class Budget:
    """Measures a run's progress from 0 to 1.

    WHY by the clock too: any laptop should finish a first run in two minutes, with a learning rate that has fallen to
    zero by then. Such a run is not reproducible; one limited by steps is, on a CPU to the bit.

    Args:
        config: Gives `steps`, `minutes` or both.
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
            spent_before: Seconds used before the run was resumed.
        """
        self._spent_before = spent_before
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds used so far, including those before a resumption."""
        running = 0.0 if self._started is None else time.monotonic() - self._started
        return self._spent_before + running

    def progress(self, step: int) -> float:
        """Return the share of the budget used, 0..1.

        Args:
            step: Number of steps done.
        """
        of_steps = 0.0 if self._steps is None else step / self._steps
        of_time = 0.0 if self._seconds is None else self.seconds / self._seconds
        return min(max(of_steps, of_time), 1.0)

    def learning_rate_factor(self, step: int, progress: float) -> float:
        """Return the factor of the learning rates: rising in the warm-up, and falling to zero unless constant.

        Args:
            step: Number of steps done.
            progress: Share of the budget used.
        """
        rising = min(1.0, (step + 1) / self._warmup) if self._warmup else 1.0
        falling = {"constant": 1.0, "linear": 1.0 - progress, "cosine": (1.0 + cos(pi * progress)) / 2}
        return rising * falling[self._decay]
