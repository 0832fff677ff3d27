"""Measuring several things in turn, so that whatever else the machine does meets all of them alike."""

import time
from collections.abc import Callable, Iterable, Mapping

Sampler = Callable[[], Iterable[float]]
"""Measures something once or a few times, and gives what was measured (seconds, or anything else)."""

Samples = dict[str, list[float]]
"""What was measured, by name, in the order of the rounds."""

Progress = Callable[[float], object]
"""Told which part of a group is done, 0..1."""


def timed(work: Callable[[], object], times: int = 1) -> Sampler:
    """Make a sampler of the seconds that a piece of work takes.

    Args:
        work: The work.
        times: How often it is done a round. Work of a millisecond wants many; then a first run is not counted, since
            what ran before it has emptied the caches.
    """

    def sample() -> list[float]:
        if times > 1:
            work()
        seconds = []
        for _ in range(times):
            started = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - started)
        return seconds

    return sample


def interleaved(
    samplers: Mapping[str, Sampler],
    seconds: float,
    least: int,
    most: int,
    on_progress: Progress = lambda _: None,
) -> Samples:
    """Measure everything once a round, round after round.

    WHY in turn: a shared or a warming machine is slower at one minute than at the next. Measured one after the other,
    two things would differ by that; measured in turn, they differ by what they are.

    Args:
        samplers: What to measure. Each is run once before the first round, and that is not counted.
        seconds: No round is begun after this time,
        least: but as many as these are made in any case,
        most: and no more than these.
        on_progress: Told how far it is.
    """
    for sampler in samplers.values():
        sampler()
    samples: Samples = {name: [] for name in samplers}
    started = time.perf_counter()
    for done in range(most):
        spent = (time.perf_counter() - started) / seconds if seconds else 1.0
        if done >= least and spent >= 1:
            break
        on_progress(min(max(done / most, min(spent, done / least)), 1.0))
        for name, sampler in samplers.items():
            samples[name] += sampler()
    on_progress(1.0)
    return samples
