"""Every refusal has one form: a status of HTTP's and a reason in words."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gpicl.demo.limits import RefusedError
from gpicl.demo.messages import Problem
from gpicl.errors import GpiclError

# What any request can meet, for OpenAPI.
RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body cannot be read."},
    413: {"model": Problem, "description": "The body is too large."},
    422: {"model": Problem, "description": "The request is not what is asked for."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "There is no such class."}}
NOT_NOW: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "Not in this session's state."}}

_LONGEST = 300


def problem(status: int, reason: str) -> JSONResponse:
    """Refuse a request.

    Args:
        status: HTTP's code.
        reason: Why, and what to do; what is too long, because it quotes the request, is cut.
    """
    if len(reason) > _LONGEST:
        reason = f"{reason[:_LONGEST]}..."
    # Half a surrogate pair can come in a quoted key, and cannot go out as UTF-8.
    return JSONResponse({"reason": reason.encode("utf-8", "replace").decode()}, status)


def refuse_in_words(app: FastAPI) -> None:
    """Let an application answer every refusal with a reason.

    Args:
        app: The application.
    """

    @app.exception_handler(GpiclError)
    async def of_the_demo(request: Request, error: GpiclError) -> JSONResponse:
        return problem(error.status if isinstance(error, RefusedError) else 422, str(error))

    @app.exception_handler(RequestValidationError)
    async def of_the_form(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(422, _in_words(error.errors()[0]))

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
