"""Visitors' sessions: a lesson with undo for each visitor, found by id and deleted when idle."""

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8

from gpicl.demo.drawing import inputs_of
from gpicl.demo.learners import Predictor, Setting, most_probable
from gpicl.demo.lesson import Curve, Example, Lesson
from gpicl.demo.limits import CURVE_SECONDS, IDLE_SECONDS, SESSIONS, UNDO_STEPS, RefusedError
from gpicl.errors import UnknownNameError


class Answer(NamedTuple):
    """A learner's answer for a picture.

    Attributes:
        inputs: The learner's inputs.
        probabilities: Probabilities by label; None with fewer than two classes.
    """

    inputs: Float64[np.ndarray, "196"]
    probabilities: dict[int, float] | None


class Session:
    """A visitor's session. Its methods may be called from any thread that holds the lock.

    Args:
        predictor: Predicts for all sessions.

    Attributes:
        lesson: Classes and examples.
        setting: Learner and input.
        lock: Held during each request, so that the requests of one visitor run one after another.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._past: deque[Lesson] = deque(maxlen=UNDO_STEPS)
        self._curves: dict[Setting, Curve] = {}
        self.lesson = Lesson()
        self.setting = Setting(next(iter(predictor.learners)), False)
        self.lock = asyncio.Lock()

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._past)

    def change(self, lesson: Lesson) -> None:
        """Replace the lesson; `undo` restores the current one."""
        self._past.append(self.lesson)
        self.lesson = lesson

    def undo(self) -> None:
        """Undo the last change of the lesson.

        Raises:
            RefusedError: If there is nothing to undo.
        """
        if not self._past:
            raise RefusedError("There is nothing to undo.", 409)
        self.lesson = self._past.pop()

    def choose(self, learner: str | None, scrambled: bool | None) -> None:
        """Choose another learner or input.

        Args:
            learner: Name of the learner; None keeps the current one.
            scrambled: Whether pictures are scrambled; None keeps the current setting.

        Raises:
            UnknownNameError: If there is no such learner.
        """
        if learner is not None and learner not in self._predictor.learners:
            raise UnknownNameError("learner", learner, self._predictor.learners)
        self.setting = Setting(
            self.setting.learner if learner is None else learner,
            self.setting.scrambled if scrambled is None else scrambled,
        )

    def answer(self, picture: UInt8[np.ndarray, "28 28"]) -> Answer:
        """Predict a picture with the current learner and input."""
        probabilities = self._predictor.probabilities(self.setting, self.lesson.examples, picture)
        return Answer(inputs_of([picture], self.setting.scrambled)[0], probabilities)

    def advance_curves(self) -> tuple[dict[Setting, Curve], bool]:
        """Continue computing the curves of all settings chosen so far, the current one first.

        Returns:
            The curves, and whether all are complete. If not, call again.
        """
        self._curves.setdefault(self.setting, Curve())
        until = monotonic() + CURVE_SECONDS
        complete = True
        for setting in sorted(self._curves, key=lambda setting: setting != self.setting):
            if not complete:
                break

            def predict(before: Sequence[Example], example: Example, setting: Setting = setting) -> int | None:
                given = self._predictor.probabilities(setting, before, example.picture, keep=False)
                return None if given is None else most_probable(given)

            complete = self._curves[setting].advance(self.lesson.examples, predict, until - monotonic())
        return self._curves, complete


class Sessions:
    """Sessions by id. Not thread-safe: used only from the server's event loop.

    Args:
        most: Maximum number of sessions; beyond it, the least recently used one is deleted.
        idle_seconds: Time after which an unused session is deleted.
        clock: Returns the current time in seconds.
    """

    def __init__(
        self, most: int = SESSIONS, idle_seconds: float = IDLE_SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._most, self._idle, self._clock = most, idle_seconds, clock
        # Ordered by last use, oldest first.
        self._sessions: OrderedDict[str, tuple[float, Session]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, key: str | None) -> Session | None:
        """Return the session with this id, or None, and mark it as used."""
        self._forget_idle()
        if key is None or key not in self._sessions:
            return None
        _, session = self._sessions[key]
        self._sessions[key] = (self._clock(), session)
        self._sessions.move_to_end(key)
        return session

    def keep(self, session: Session) -> str:
        """Keep a new session.

        Returns:
            Its id, 256 random bits in URL-safe base64.
        """
        self._forget_idle()
        key = secrets.token_urlsafe(32)
        self._sessions[key] = (self._clock(), session)
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)
        return key

    def _forget_idle(self) -> None:
        oldest_kept = self._clock() - self._idle
        while self._sessions:
            key, (used, _) = next(iter(self._sessions.items()))
            if used >= oldest_kept:
                break
            del self._sessions[key]
