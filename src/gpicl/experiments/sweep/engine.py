"""What runs the pieces of a sweep: in processes of their own, one after another or, on Ray, many at once."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from gpicl.errors import ConfigError, UnknownNameError
from gpicl.runs.worker import Outcome, Worker


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


class Engine(ABC):
    """Runs pieces of work in processes of their own; a `with` statement opens and closes it.

    Attributes:
        description: How it runs them, in words.
    """

    description: str

    @abstractmethod
    def run(
        self,
        function: Callable[..., Any],
        pieces: Sequence[tuple[Any, ...]],
        on_start: Callable[[int], object] | None = None,
    ) -> Iterator[tuple[int, Outcome]]:
        """Run a function on every piece, and give the outcomes as they come.

        Args:
            function: A function of a module; a failure of it is an outcome, not an error.
            pieces: Its arguments, picklable. The same piece may be run again from its beginning after a crash, so the
                function must find what has been done before.
            on_start: Told the number of a piece that is begun, where the engine knows.

        Yields:
            The number of a piece and what became of it, in the order in which they end.
        """

    def __enter__(self) -> "Engine":
        """Make ready to run."""
        return self

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all processes, in the middle of their work if an error says so."""


def in_worker(
    function: Callable[..., Any], piece: tuple[Any, ...], threads: int | None = None, folder: str | None = None
) -> Any:
    """Run a function as its caller would have run it.

    Args:
        function: What to run.
        piece: Its arguments.
        threads: Threads of PyTorch; None for its own choice.
        folder: Working folder of the caller, to which paths are relative; None where it is this process's own.

    Raises:
        ConfigError: If that folder is not on this machine.
    """
    if folder is not None:
        try:
            os.chdir(folder)
        except OSError as error:
            raise ConfigError(
                f"The folder {folder}, where the sweep was started, is not on the machine of this worker "
                f"({error.strerror}). Start it in a folder that all machines share."
            ) from error
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    return function(*piece)


class SequentialEngine(Engine):
    """Runs pieces in order; see `Engine`. A piece whose process is killed fails, and the next ones go on.

    Args:
        threads: Threads of PyTorch in the process; None for its own choice.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self.description = "one run after another" + ("" if threads is None else f", threads: {threads}")
        self._worker = Worker()

    def run(
        self,
        function: Callable[..., Any],
        pieces: Sequence[tuple[Any, ...]],
        on_start: Callable[[int], object] | None = None,
    ) -> Iterator[tuple[int, Outcome]]:
        """Run a function on every piece; see `Engine.run`."""
        for number, piece in enumerate(pieces):
            if on_start is not None:
                on_start(number)
            yield number, self._worker.run(in_worker, function, piece, self._threads)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process, in the middle of its work if an error says so."""
        self._worker.__exit__(kind, error, traceback)


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
    from gpicl.experiments.sweep.engine import SequentialEngine

    return SequentialEngine(threads)
