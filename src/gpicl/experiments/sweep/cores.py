"""How the cores of a machine are shared."""

import os


def shared_threads(workers: int) -> int:
    """Share the cores of this machine equally among workers.

    WHY: two workers with a thread for every core each would wait for each other at the end of every matrix product.

    Args:
        workers: How many work at once.
    """
    return max(1, available_cores() // workers)


def available_cores() -> int:
    """Number of cores that this process may use, which in a container is not what the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
