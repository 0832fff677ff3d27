"""All sessions: found by an id that cannot be guessed, forgotten when idle, and never more than a fixed number."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from gpicl.demo.limits import IDLE_SECONDS, SESSIONS
from gpicl.demo.session import Session


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
