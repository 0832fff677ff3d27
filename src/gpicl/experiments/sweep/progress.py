"""The progress of a sweep: runs done, time left, the last figure."""

import time
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class SweepProgress:
    """A bar on a terminal, elsewhere a line per run.

    WHY not rich's own estimate of the time left: it counts pieces, and runs of a grid differ in size by a hundred.

    Args:
        title: Of the sweep.
        weights: How large each run is, in any unit.
        shown: Whether to show anything.
        console: Where to; None for standard error.
    """

    def __init__(
        self, title: str, weights: Sequence[float], shown: bool = True, console: Console | None = None
    ) -> None:
        self._title = title
        self._weights = weights
        self._console = console or Console(stderr=True)
        self._shown = shown
        self._done: list[float] = []
        self._began = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]} runs, {task.fields[left]}  {task.fields[figure]}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not (shown and self._console.is_terminal),
        )
        self._task = self._bar.add_task(title, total=sum(weights), count=self._count, left=self._left, figure="")

    def run_ended(self, number: int, text: str) -> None:
        """Count a run.

        Args:
            number: Which of the weights.
            text: What it was and what came of it.
        """
        self._done.append(self._weights[number])
        if self._shown and not self._console.is_terminal:
            line = f"{self._title}: {self._count} runs, {self._left}  {text}"
            self._console.print(line, highlight=False, soft_wrap=True, markup=False)
        self._bar.update(self._task, completed=sum(self._done), count=self._count, left=self._left, figure=text)

    @property
    def _count(self) -> str:
        return f"{len(self._done)}/{len(self._weights)}"

    @property
    def _left(self) -> str:
        if not self._done:
            return "time left unknown"
        seconds = (time.monotonic() - self._began) * (sum(self._weights) / sum(self._done) - 1)
        return f"{timedelta(seconds=round(seconds))} left"

    def __enter__(self) -> "SweepProgress":
        """Open the bar, and start the clock."""
        self._began = time.monotonic()
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        self._bar.stop()
