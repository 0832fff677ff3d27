"""Error responses in one format, security headers, and the limit on the size of requests."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gpicl.demo.limits import RefusedError
from gpicl.demo.schemas import Problem
from gpicl.errors import GpiclError

# Errors of all requests, for OpenAPI.
RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body cannot be read."},
    410: {"model": Problem, "description": "The session has ended; `GET /api/session` starts a new one."},
    413: {"model": Problem, "description": "The body is too large."},
    422: {"model": Problem, "description": "The request has missing, unknown or invalid fields."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "There is no such class."}}
NOT_NOW: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "Not possible in the session's current state."}
}

_LONGEST = 300


def problem(status: int, reason: str) -> JSONResponse:
    """Make an error response.

    Args:
        status: HTTP status code.
        reason: What was wrong and what to do; cut after 300 characters, since it may quote the request.
    """
    if len(reason) > _LONGEST:
        reason = f"{reason[:_LONGEST]}..."
    # A quoted key may contain half a surrogate pair, which cannot be encoded as UTF-8.
    return JSONResponse({"reason": reason.encode("utf-8", "replace").decode()}, status)


def refuse_in_words(app: FastAPI) -> None:
    """Make an application answer every error with a `Problem`."""

    @app.exception_handler(GpiclError)
    async def of_the_demo(request: Request, error: GpiclError) -> JSONResponse:
        return problem(error.status if isinstance(error, RefusedError) else 422, str(error))

    @app.exception_handler(RequestValidationError)
    async def of_the_form(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(422, _in_words(error.errors()[0]))

    @app.exception_handler(Exception)
    async def of_the_server(request: Request, error: Exception) -> JSONResponse:
        # Starlette answers these outside all middleware, and then reports the error on the console.
        answer = problem(500, "The server failed, and says why where it was started. Try again, or restart gpicl demo.")
        answer.headers.update(_HEADERS)
        return answer

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> JSONResponse:
        answer = problem(error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer


def _in_words(error: dict[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"The body is not JSON: {error['ctx']['error']}, at character {error['loc'][-1]}."
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"][1:]).lstrip(".")
    return f"{where or 'The body'}: {error['msg']}. See /openapi.json."


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
    """Middleware that adds security headers to every response, and forbids caching of API responses.

    Args:
        app: The wrapped application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                # Browsers must load the page again each time, so that an old page never uses a newer API.
                headers["cache-control"] = "no-store" if scope["path"].startswith("/api/") else "no-cache"
            await send(message)

        await self._app(scope, receive, with_headers)


class BodyLimit:
    """Middleware that rejects a request whose declared or actual size is over the limit.

    WHY not FastAPI's own limit: only its latest releases have one, and its response has another format.

    Args:
        app: The wrapped application; it gets the whole body at once.
        most: Maximum size in bytes.
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
            refusal.headers["connection"] = "close"  # the rest of the body is not read
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
        """Read a body, at most one chunk beyond the limit; None if it is too large."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._most:
                return None
            if not message.get("more_body", False):
                return body
