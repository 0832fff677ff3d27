"""The application: the API, its description, and the page."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from os import PathLike
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from gpicl.demo.api import router
from gpicl.demo.learners import Predictor, demo_learners
from gpicl.demo.limits import BODY_BYTES
from gpicl.demo.middleware import BodyLimit, SecureHeaders
from gpicl.demo.problems import refuse_in_words
from gpicl.demo.visit import Service

_PAGE = Path(__file__).parent / "page"


class _PageFiles(StaticFiles):
    """The page's files."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find a file; a name that no file can have is that of none, which older Starlettes do not know."""
        return ("", None) if "\0" in path else super().lookup_path(path)


def make_app(weights: str | PathLike[str] = "general", device: str | None = None) -> FastAPI:
    """Make the application; any ASGI server can run it, in one process, since sessions are kept in its memory.

    Args:
        weights: Of the learner that is chosen at first; see `demo_learners`.
        device: Where learners compute; see `find_device`.

    Raises:
        UnknownNameError: If there are no such weights.
        CheckpointError: If they are damaged.
    """
    service = Service(Predictor(demo_learners(weights, device)))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.threads.shutdown(wait=False, cancel_futures=True)

    app = FastAPI(
        title="gpicl demo",
        summary="InContextClassifier behind HTTP: label drawings, and ask about others.",
        description="A cookie tells visitors apart; a client that keeps cookies has a session of its own.",
        version=version("gpicl"),
        # FastAPI's pages load their scripts from another host. /api.html is ours.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    refuse_in_words(app)
    app.include_router(router)
    app.mount("/", _PageFiles(directory=_PAGE, html=True), name="page")
    app.add_middleware(BodyLimit, most=BODY_BYTES)
    app.add_middleware(SecureHeaders)
    return app
