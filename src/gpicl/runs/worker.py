"""Runs work in a separate process, so that a crash there leaves the main process running."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any, NamedTuple

from gpicl.errors import GpiclError


class Outcome(NamedTuple):
    """Outcome of one piece of work.

    Attributes:
        result: Return value; None after a failure.
        failure: Reason of the failure; None for success.
    """

    result: Any
    failure: str | None


class Worker:
    """Runs one piece of work after another in a separate process, and starts a new process after a crash.

    WHY a process: the operating system kills a process that runs out of memory, and no `except` catches that. The
    process is reused for the next piece of work, since starting one takes seconds.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def run(self, function: Callable[..., Any], *arguments: Any) -> Outcome:
        """Run a function in the worker's process and wait for its outcome.

        Args:
            function: A module-level function; it and its arguments must be picklable.
            arguments: Positional arguments of the function.
        """
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, context, initializer=end_with_parent)
        try:
            return self._pool.submit(guarded, function, arguments).result()
        except BrokenProcessPool:
            self._stop()
            return Outcome(None, "its process was killed, probably because it ran out of memory.")

    def __enter__(self) -> "Worker":
        """Return the worker; its process starts with the first piece of work."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the process; after an error, without waiting for its work."""
        if kind is not None and self._pool is not None:
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
        self._stop()

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def end_with_parent() -> None:
    """Stop this process when its parent ends for any reason.

    WHY: otherwise it would keep meta-training, and write to the same folder as the command that resumes the run.
    """
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def guarded(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
    """Run a function and return its outcome.

    WHY exceptions are caught here and not in the parent process: not every exception can be pickled.

    Args:
        function: Function to run.
        arguments: Positional arguments of the function.
    """
    try:
        return Outcome(function(*arguments), None)
    except GpiclError as error:
        return Outcome(None, str(error))
    except Exception as error:
        text = str(error).strip().partition("\n")[0]
        return Outcome(None, f"{type(error).__name__}: {text}")
