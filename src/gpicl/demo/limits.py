"""Limits that bound the demo's time and memory, and the error for requests beyond them.

A session keeps at most `EXAMPLES + UNDO_STEPS` drawings of 784 bytes and one list of them per undo step, less than
1 MB. `SESSIONS` sessions take less than 200 MB. A fitted classifier takes up to 104 kB per example for 20 examples and
330 kB per example for 500 [measured, all shipped weights], so the cached classifiers take less than 300 MB.
"""

from gpicl.errors import GpiclError

BODY_BYTES = 128 * 1024
"""Maximum size of a request's body. A drawing of the maximum size takes an eighth of it."""

GRID_SIDE = 64
"""Maximum number of rows and of columns of a drawing."""

CLASSES = 10
NAME_LENGTH = 40
"""Maximum number of characters in a class name."""

EXAMPLES = 500
"""Maximum number of labelled drawings in a session, that is the length of the context."""

UNDO_STEPS = 50
SESSIONS = 200
CONNECTIONS = 1000
"""Maximum number of connections; the next one gets the status 503."""

IDLE_SECONDS = 2 * 60 * 60.0
"""Time without a request after which a session is deleted."""

FITTED_EXAMPLES = 800
"""Maximum number of examples of all cached classifiers together."""

CURVE_SECONDS = 0.05
"""Time limit of one request for curves; the visitor's next drawing waits for it."""

RECENT_PICTURES = 6
"""Number of pictures per class in the description of a session."""


class RefusedError(GpiclError):
    """A request that cannot be fulfilled.

    Args:
        reason: What was wrong, what is accepted, what to do.
        status: HTTP status code: 404 for an unknown class, 409 for the wrong state, 422 for bad input.
    """

    def __init__(self, reason: str, status: int = 422) -> None:
        super().__init__(reason)
        self.status = status
