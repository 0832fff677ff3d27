"""End a run on a signal: after the current step, with a checkpoint."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from gpicl.errors import Terminated

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """Records SIGTERM and SIGINT (Ctrl-C) within a `with` block. A second Ctrl-C interrupts at once.

    Outside the main thread, where Python delivers no signals, nothing is recorded.

    Attributes:
        received: Number of the signal; None before any signal.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Install the signal handlers; call it again after Lightning has replaced them at the start of fitting."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                signal.signal(number, self._note)

    def __enter__(self) -> "StopSignals":
        """Install the signal handlers."""
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}
        self.install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Restore the previous signal handlers."""
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = number


class SignalStopError(Exception):
    """Ends Lightning's loop after the checkpoint. The caller gets `as_exit` instead."""

    def __init__(self, number: int, step: int, finished: bool = False) -> None:
        super().__init__(number, step, finished)
        self.number, self.step, self.finished = number, step, finished

    def as_exit(self, folder: object) -> BaseException:
        """Return the exception for the caller: `KeyboardInterrupt`, or `Terminated` with exit status 143.

        Args:
            folder: The run's folder, for the message.
        """
        kept = f"its checkpoint is in {folder}" if self.step else "nothing is lost"
        message = f"stopped at step {self.step}, {kept}. The same command resumes there."
        if self.finished:
            message = (
                f"stopped after the last step, {self.step}; the weights are in {folder}. The same command goes on."
            )
        return KeyboardInterrupt(message) if self.number == signal.SIGINT else Terminated(message)
