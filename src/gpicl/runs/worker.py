"""A process of its own for each piece of work, so that what fails there fails alone."""

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
    """What became of a piece of work.

    Attributes:
        result: What it returned; None if it failed.
        failure: Why it failed; None if it did not.
    """

    result: Any
    failure: str | None


class Worker:
    """Runs one piece of work after another, and outlives those that do not.

    WHY a process: a learner that wants more memory than there is gets killed by the system, which no `except` catches.
    The process is kept from one piece to the next, since starting it takes seconds.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def run(self, function: Callable[..., Any], *arguments: Any) -> Outcome:
        """Run a function of a module and wait for it.

        Args:
            function: What to run; it and its arguments must be picklable.
            arguments: What to run it with.
        """
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, context, initializer=_end_with_parent)
        try:
            return self._pool.submit(guarded, function, arguments).result()
        except BrokenProcessPool:
            self._stop()
            return Outcome(None, "its process was killed from outside, most likely for want of memory.")

    def __enter__(self) -> "Worker":
        """Nothing is started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process, in the middle of its work if an error says so."""
        if kind is not None and self._pool is not None:
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
        self._stop()

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _end_with_parent() -> None:
    """Let this process end when the one that it works for does, even if that is killed.

    WHY: it would go on meta-training, and write into the same folder as the command that resumes the run.
    """
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def guarded(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
    """Run a function and say what became of it.

    WHY caught here rather than where it is waited for: not every exception survives the way between processes.

    Args:
        function: What to run.
        arguments: What to run it with.
    """
    try:
        return Outcome(function(*arguments), None)
    except GpiclError as error:
        return Outcome(None, str(error))
    except Exception as error:
        text = str(error).strip().partition("\n")[0]
        return Outcome(None, f"{type(error).__name__}: {text}")
