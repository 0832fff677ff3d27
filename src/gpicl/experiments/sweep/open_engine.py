"""Engines by name."""

from gpicl.errors import ConfigError, UnknownNameError
from gpicl.experiments.sweep.engine import Engine

ENGINES = ("sequential", "ray")
"""Names of the engines."""


def open_engine(
    name: str = "sequential",
    address: str | None = None,
    workers: int | None = None,
    threads: int | None = None,
    gpus: float = 0.0,
) -> Engine:
    """Build an engine by its name.

    Args:
        name: `sequential`: one piece after the other. `ray`: many at once, on this machine or a cluster.
        address: Of a Ray cluster, such as `auto` or `10.0.0.1:6379`; None starts Ray on this machine.
        workers: Pieces at once; None for as many as there are cores here, or as the cluster has room for.
        threads: Threads of each; None shares the cores of this machine equally, and is 1 on a cluster.
        gpus: GPUs of each; a fraction shares one.

    Raises:
        UnknownNameError: If there is no such engine.
        ConfigError: If a number makes no sense, or Ray is asked for and not there.
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    for option, value in (("workers", workers), ("threads", threads)):
        if value is not None and value < 1:
            raise ConfigError(f"{option} must be at least 1, not {value}.")
    if gpus < 0:
        raise ConfigError(f"gpus must be at least 0, not {gpus}.")
    if name == "ray":
        from gpicl.experiments.sweep.ray_engine import RayEngine

        return RayEngine(address, workers, threads, gpus)
    for option, given in (("address", address is not None), ("workers", workers not in (None, 1)), ("gpus", gpus)):
        if given:
            raise ConfigError(f"{option} is for the engine ray. Add --engine ray, or leave it out.")
    from gpicl.experiments.sweep.sequential_engine import SequentialEngine

    return SequentialEngine(threads)
