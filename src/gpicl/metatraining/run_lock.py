"""A lock that lets only one process work in a run's folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only

from gpicl.files import locked


@contextmanager
def run_lock(folder: Path, say: Callable[[str], object] | None = None) -> Iterator[None]:
    """Reserve a run's folder for this process and its children; wait while another process has it.

    Args:
        folder: An existing folder.
        say: Called with a message if the lock must be waited for.
    """
    if getattr(rank_zero_only, "rank", 0):  # the first process holds the lock
        yield
        return
    message = f"Another process is at work in {folder}: waiting for it."
    with locked(folder / ".lock", None if say is None else lambda: say(message)):
        yield
