"""Visitors' sessions: one is a lesson with what can be undone; all are found by an id and forgotten when idle."""

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
    """What a learner makes of a picture.

    Attributes:
        inputs: What it was given.
        probabilities: By label; None if it cannot tell anything apart yet.
    """

    inputs: Float64[np.ndarray, "196"]
    probabilities: dict[int, float] | None


class Session:
    """A visitor's session. Its methods compute and may be called from any thread, by whoever holds its lock.

    Args:
        predictor: Predicts for all sessions.

    Attributes:
        lesson: Classes and examples.
        setting: Learner and input.
        lock: To be held by a request from first to last, so that requests of one visitor come one after another.
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
        """Whether there is a lesson to go back to."""
        return bool(self._past)

    def change(self, lesson: Lesson) -> None:
        """Go on with another lesson; `undo` comes back to this one.

        Args:
            lesson: What comes next.
        """
        self._past.append(self.lesson)
        self.lesson = lesson

    def undo(self) -> None:
        """Take back the last change of the lesson.

        Raises:
            RefusedError: If there is none.
        """
        if not self._past:
            raise RefusedError("There is nothing to undo.", 409)
        self.lesson = self._past.pop()

    def choose(self, learner: str | None, scrambled: bool | None) -> None:
        """Choose another learner or input.

        Args:
            learner: Its name; None leaves it.
            scrambled: None leaves it.

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
        """Ask the learner about a picture.

        Args:
            picture: The picture.
        """
        probabilities = self._predictor.probabilities(self.setting, self.lesson.examples, picture)
        return Answer(inputs_of([picture], self.setting.scrambled)[0], probabilities)

    def advance_curves(self) -> tuple[dict[Setting, Curve], bool]:
        """Go on computing the curves of all settings that have been chosen, the present one first.

        Returns:
            The curves, and whether all are complete. If not, ask again.
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
    """Sessions by id; to be used by one thread, the server's event loop.

    Args:
        most: How many are kept. One more, and the one that was used longest ago is forgotten.
        idle_seconds: Time after which a session that is not used is forgotten.
        clock: Seconds from some beginning.
    """

    def __init__(
        self, most: int = SESSIONS, idle_seconds: float = IDLE_SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._most, self._idle, self._clock = most, idle_seconds, clock
        # Ordered by last use, the oldest first.
        self._sessions: OrderedDict[str, tuple[float, Session]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, key: str | None) -> Session | None:
        """Find a session, which counts as use.

        Args:
            key: Its id.
        """
        self._forget_idle()
        if key is None or key not in self._sessions:
            return None
        _, session = self._sessions.pop(key)
        self._sessions[key] = (self._clock(), session)
        return session

    def keep(self, session: Session) -> str:
        """Keep a new session.

        Args:
            session: The session.

        Returns:
            Its id: 256 random bits.
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
