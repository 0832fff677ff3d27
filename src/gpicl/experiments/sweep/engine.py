"""Engines that run the pieces of a sweep in separate processes: one after another, or many at once on Ray."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from gpicl.errors import ConfigError, UnknownNameError
from gpicl.runs.worker import Outcome, Worker


def shared_threads(workers: int) -> int:
    """Share the cores of this machine equally among workers.

    WHY: if two workers each had a thread per core, they would wait for each other after every matrix product.

    Args:
        workers: Number of workers at once.
    """
    return max(1, available_cores() // workers)


def available_cores() -> int:
    """Number of cores that this process may use; in a container this can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Engine(ABC):
    """Runs pieces of work in separate processes; a `with` statement opens and closes it.

    Attributes:
        description: How it runs them, in words, for pages.
    """

    description: str

    @abstractmethod
    def run(
        self,
        function: Callable[..., Any],
        pieces: Sequence[tuple[Any, ...]],
        on_start: Callable[[int], object] | None = None,
    ) -> Iterator[tuple[int, Outcome]]:
        """Run a function on every piece, and yield the outcomes as they come.

        Args:
            function: A function of a module. If it fails, that is an outcome, not an error.
            pieces: Its arguments, picklable. A piece may be run again from the beginning after a crash, so the function
                must find what is already done.
            on_start: Called with the number of a piece when it starts, if the engine knows.

        Yields:
            The number of a piece and its outcome, in the order of completion.
        """

    def __enter__(self) -> "Engine":
        """Prepare to run pieces."""
        return self

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all processes, without waiting for their work if there is an error."""


def in_worker(
    function: Callable[..., Any], piece: tuple[Any, ...], threads: int | None = None, folder: str | None = None
) -> Any:
    """Run a function in a worker as its caller would.

    Args:
        function: Function to run.
        piece: Its arguments.
        threads: Threads of PyTorch; None for PyTorch's default.
        folder: Working folder of the caller, to which paths are relative; None to keep this process's folder.

    Raises:
        ConfigError: If that folder is not on this machine.
    """
    if folder is not None:
        try:
            os.chdir(folder)
        except OSError as error:
            raise ConfigError(
                f"The folder {folder}, where the sweep was started, is not on this worker's machine "
                f"({error.strerror}). Start the sweep in a folder that all machines share."
            ) from error
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
    return function(*piece)


class SequentialEngine(Engine):
    """Runs pieces in order; see `Engine`. If a process is killed, its piece fails and the next ones continue.

    Args:
        threads: Threads of PyTorch in the process; None for PyTorch's default.
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
        """End the process, without waiting for its work if there is an error."""
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
        name: `sequential`: one piece after another. `ray`: many at once, on this machine or a cluster.
        address: Address of a Ray cluster, such as `auto` or `10.0.0.1:6379`; None starts Ray on this machine.
        workers: Pieces at once; None for one per core of this machine, or as many as fit on the cluster.
        threads: Threads per piece; None shares the cores of this machine equally, and means 1 on a cluster.
        gpus: GPUs per piece; with a fraction, pieces share a GPU.

    Raises:
        UnknownNameError: If `name` is not in `ENGINES`.
        ConfigError: If a number is out of range, or Ray is not installed.
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
            raise ConfigError(f"{option} needs the engine ray. Add --engine ray, or leave {option} out.")
    return SequentialEngine(threads)
