"""One piece of work after another, in a process beside this one."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from gpicl.experiments.sweep.engine import Engine
from gpicl.experiments.sweep.in_worker import in_worker
from gpicl.runs.worker import Outcome, Worker


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
