"""Signals that end a run between two steps, with a checkpoint, rather than in the middle of one."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from gpicl.errors import Terminated

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """Notes SIGTERM and SIGINT (Ctrl-C) while a `with` statement runs. A second Ctrl-C does not wait any longer.

    Outside of the main thread, where Python delivers no signals, nothing is noted.

    Attributes:
        received: Number of the signal; None if there was none.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Take the signals over, also from Lightning, which takes them over when it begins to fit."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                signal.signal(number, self._note)

    def __enter__(self) -> "StopSignals":
        """Take the signals over."""
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}
        self.install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the signals back."""
        if threading.current_thread() is threading.main_thread():
            for number, handler in self._before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = number


class SignalStopError(Exception):
    """Ends Lightning's loop after the checkpoint; `as_exit` is what the caller gets."""

    def __init__(self, number: int, step: int) -> None:
        super().__init__(number, step)
        self.number, self.step = number, step

    def as_exit(self, folder: object) -> BaseException:
        """What the signal means to who called: `KeyboardInterrupt` or an exit with status 143.

        Args:
            folder: The run's folder, for the message.
        """
        kept = f"its checkpoint is in {folder}" if self.step else "nothing is lost"
        message = f"stopped at step {self.step}, {kept}. The same command resumes there."
        return KeyboardInterrupt(message) if self.number == signal.SIGINT else Terminated(message)
