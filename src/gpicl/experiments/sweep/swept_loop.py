"""How the work of one run of many is done."""

from gpicl.metatraining import LoopConfig


def swept_loop(steps: int | None, measured: int) -> LoopConfig:
    """A run without a progress bar of its own, that is measured a few times on its way.

    Args:
        steps: Steps of the run; None if there is nothing to meta-train.
        measured: How often to measure on unseen tasks.
    """
    return LoopConfig(progress=False, checkpoint_every=200, validate_every=max(1, (steps or 1) // measured))
