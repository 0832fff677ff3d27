"""What the demo cannot do for a visitor, and why."""

from gpicl.errors import GpiclError


class RefusedError(GpiclError):
    """A request that cannot be fulfilled.

    Args:
        reason: What was wrong, what is accepted, what to do.
        status: HTTP's code for it: 404 there is no such thing, 409 not in this state, 422 not like this.
    """

    def __init__(self, reason: str, status: int = 422) -> None:
        super().__init__(reason)
        self.status = status
