"""What runs the pieces of a sweep."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from gpicl.runs.worker import Outcome


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
