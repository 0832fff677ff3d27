"""What the demo admits, so that nobody can make it slow or large, and how it refuses the rest.

Together the limits bound its memory. A session keeps at most `EXAMPLES + UNDO_STEPS` drawings of 784 bytes and as many
lists of them as it has steps to undo, below 1 MB; `SESSIONS` of them, below 200 MB. A fitted classifier takes up to
104 kB for each of 20 examples it has read and 330 kB for each of 500 [measured, all shipped weights], so all that are
kept take less than 300 MB.
"""

from gpicl.errors import GpiclError

BODY_BYTES = 128 * 1024
"""Largest body of a request. A drawing of the largest size takes an eighth of it."""

GRID_SIDE = 64
"""Most rows, and most columns, of a drawing."""

CLASSES = 10
NAME_LENGTH = 40
"""Characters of a class's name."""

EXAMPLES = 500
"""Labelled drawings in a session, the context's length."""

UNDO_STEPS = 50
SESSIONS = 200
IDLE_SECONDS = 2 * 60 * 60.0
"""Time without a request after which a session is forgotten."""

FITTED_EXAMPLES = 800
"""Examples that all fitted classifiers which are kept may have read together."""

CURVE_SECONDS = 0.05
"""Time that one request may spend on predictions for a curve; a visitor who draws meanwhile waits for it."""

RECENT_PICTURES = 6
"""Pictures of each class that a session's description holds."""


class RefusedError(GpiclError):
    """A request that cannot be fulfilled.

    Args:
        reason: What was wrong, what is accepted, what to do.
        status: HTTP's code for it: 404 there is no such thing, 409 not in this state, 422 not like this.
    """

    def __init__(self, reason: str, status: int = 422) -> None:
        super().__init__(reason)
        self.status = status
