"""One process at a time in a run's folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only

from gpicl.files import locked


@contextmanager
def run_lock(folder: Path, say: Callable[[str], object] | None = None) -> Iterator[None]:
    """Keep a run's folder to one process, with all that it starts; wait while another one has it.

    Args:
        folder: The folder, which exists.
        say: Told if it has to be waited for.
    """
    if getattr(rank_zero_only, "rank", 0):  # started by the process that holds the lock
        yield
        return
    told = f"Another process is at work in {folder}: waiting for it."
    with locked(folder / ".lock", None if say is None else lambda: say(told)):
        yield
