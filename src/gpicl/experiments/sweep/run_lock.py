"""A lock for a run's folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpicl.files import locked, make_folder


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Keep a run's folder to oneself; wait while somebody else has it.

    WHY: Ray may run a piece again while its first attempt is cut off but alive, and two sweeps may have a run in
    common. The second then waits, and finds the run finished, or resumes it where the first was killed: the system
    frees the lock of a process that ends, however it ends.

    Args:
        folder: The run's folder. The lock lies in a folder beside it, so that a run that cannot begin leaves no folder.
    """
    locks = make_folder(folder.parent / ".locks")
    with locked(locks / f"{folder.name}.lock"):
        yield
