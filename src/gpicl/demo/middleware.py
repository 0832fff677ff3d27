"""What the browser and the network are told and held to: headers of every answer, and the size of every request."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gpicl.demo.problems import problem

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class SecureHeaders:
    """Adds the headers to every answer; answers of the API are not to be kept by anybody.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                # A page of an older version must not meet an API of a newer one: it is asked for anew each time.
                headers["cache-control"] = "no-store" if scope["path"].startswith("/api/") else "no-cache"
            await send(message)

        await self._app(scope, receive, with_headers)


class BodyLimit:
    """Refuses a request by the length that it declares, or as soon as more than that much has come.

    WHY not the limit of FastAPI's own: only its latest releases have one, and it gives no reason in our form.

    Args:
        app: What answers requests that are small enough; they are given to it whole.
        most: Bytes.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = None if self._declared(scope) > self._most else await self._read(receive)
        if body is None:
            refusal = problem(413, f"The body of a request may have {self._most:,} bytes at most.")
            refusal.headers["connection"] = "close"  # what is still to come will not be read
            await refusal(scope, receive, send)
            return
        given = False

        async def whole() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, whole, send)

    def _declared(self, scope: Scope) -> int:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                return int(value)
        return 0

    async def _read(self, receive: Receive) -> bytes | None:
        """Read a body, but no more than one piece beyond the limit."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._most:
                return None
            if not message.get("more_body", False):
                return body
