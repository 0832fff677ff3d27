"""The web application: the JSON API and the page."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Annotated, TypeVar

import torch
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi import Path as PathParameter
from fastapi.staticfiles import StaticFiles

from gpicl.demo.drawing import EMPTY, as_picture
from gpicl.demo.learners import Predictor, demo_learners, most_probable
from gpicl.demo.lesson import EXAMPLE_SETS
from gpicl.demo.limits import BODY_BYTES, CLASSES, RefusedError
from gpicl.demo.middleware import NOT_FOUND, NOT_NOW, RESPONSES, BodyLimit, SecureHeaders, refuse_in_words
from gpicl.demo.schemas import (
    NOTHING_DRAWN,
    Beginning,
    Choice,
    Curves,
    LabelledDrawing,
    Name,
    Prediction,
    Query,
    SessionState,
    Taught,
    describe_answer,
    describe_curve,
    describe_session,
)
from gpicl.demo.sessions import Session, Sessions

T = TypeVar("T")


class Service:
    """State shared by all requests.

    There are as many threads as cores, and each computes on one core. WHY: a context of a few dozen examples gains
    nothing from a second core, and PyTorch's own threads wait for each other, which is very slow on a busy machine. The
    server's default pool of forty threads would compete for the cores.

    Args:
        predictor: Predicts for all sessions.

    Attributes:
        sessions: All open sessions.
        threads: Pool for predictions, so that the event loop stays free for other requests.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.sessions = Sessions()
        self.threads = ThreadPoolExecutor(
            os.cpu_count() or 1, thread_name_prefix="gpicl-demo", initializer=torch.set_num_threads, initargs=(1,)
        )


class Visit:
    """A request of one visitor.

    Args:
        service: State shared by all requests.
        request: The request.
        response: Its response, for the cookie.

    Attributes:
        session: The visitor's session; a new one on the first visit.
    """

    def __init__(self, service: Service, request: Request, response: Response) -> None:
        self.service = service
        self._response = response
        # Browsers send the cookies of one port to all ports, and two demos may run on one machine.
        _, port = request.scope.get("server") or ("", None)
        self._cookie = f"gpicl-demo-{port}"
        self._key = request.cookies.get(self._cookie)
        found = service.sessions.find(self._key)
        self._ended = self._key is not None and found is None  # deleted, or of an earlier server
        self.session = found or Session(service.predictor)

    def begin_again(self) -> None:
        """Replace a session that has ended by a new one."""
        if self._ended:
            self._response.delete_cookie(self._cookie, httponly=True, samesite="strict")
            self._ended = False

    async def look(self, work: Callable[[], T]) -> T:
        """Run read-only work, after this visitor's earlier requests.

        Args:
            work: Runs in the thread pool.

        Raises:
            RefusedError: If the visitor's session has ended: what the visitor sees is not what the server would use.
        """
        if self._ended:
            raise RefusedError("This lesson has ended. GET /api/session starts a new one.", 410)
        async with self.session.lock:
            return await asyncio.get_running_loop().run_in_executor(self.service.threads, work)

    async def change(self, work: Callable[[], T]) -> T:
        """Run work that changes the session, then keep the session.

        WHY only then: read-only requests, of any number of strangers, cannot push out other sessions.

        Args:
            work: Runs in the thread pool.
        """
        result = await self.look(work)
        sessions = self.service.sessions
        if sessions.find(self._key) is not self.session:
            self._key = sessions.keep(self.session)
            self._response.set_cookie(self._cookie, self._key, httponly=True, samesite="strict")
        return result


# A coroutine, because FastAPI would run a plain function in another thread, and `Sessions` is not thread-safe.
async def _visit(request: Request, response: Response) -> Visit:
    return Visit(request.app.state.service, request, response)


ThisVisit = Annotated[Visit, Depends(_visit)]


router = APIRouter(prefix="/api", responses=RESPONSES)

LabelInPath = Annotated[int, PathParameter(ge=0, lt=CLASSES, description="Index of the class, from 0.")]


@router.get("/session")
async def read_session(visit: ThisVisit) -> SessionState:
    """Describe this visitor's session: classes, last examples, settings, limits. Starts a new one if it has ended."""
    visit.begin_again()
    return await visit.look(lambda: _state(visit))


@router.patch("/session")
async def change_settings(choice: Choice, visit: ThisVisit) -> SessionState:
    """Choose the learner, and whether drawings are scrambled. The examples stay."""

    def work() -> SessionState:
        visit.session.choose(choice.learner, choice.scrambled)
        return _state(visit)

    return await visit.change(work)


@router.post("/start", status_code=201)
async def start_over(beginning: Beginning, visit: ThisVisit) -> SessionState:
    """Start over, with no examples or with a built-in set. This can be undone."""

    def work() -> SessionState:
        visit.session.change(EXAMPLE_SETS[beginning.examples]())
        return _state(visit)

    return await visit.change(work)


@router.post("/undo", responses=NOT_NOW)
async def undo(visit: ThisVisit) -> SessionState:
    """Undo the last change: an example, a new or renamed class, or starting over."""

    def work() -> SessionState:
        visit.session.undo()
        return _state(visit)

    return await visit.change(work)


@router.post("/classes", status_code=201, responses=NOT_NOW)
async def add_class(body: Name, visit: ThisVisit) -> SessionState:
    """Add a class."""

    def work() -> SessionState:
        visit.session.change(visit.session.lesson.with_class(body.name))
        return _state(visit)

    return await visit.change(work)


@router.patch("/classes/{label}", responses=NOT_FOUND | NOT_NOW)
async def rename_class(label: LabelInPath, body: Name, visit: ThisVisit) -> SessionState:
    """Rename a class."""

    def work() -> SessionState:
        visit.session.change(visit.session.lesson.renamed(label, body.name))
        return _state(visit)

    return await visit.change(work)


@router.post("/examples", status_code=201, responses=NOT_FOUND | NOT_NOW)
async def teach(body: LabelledDrawing, visit: ThisVisit) -> Taught:
    """Add a labelled drawing to the context, and return the earlier prediction for it."""

    def work() -> Taught:
        picture = as_picture(body.drawing)
        if picture is None:
            raise RefusedError(EMPTY)
        session = visit.session
        lesson = session.lesson.with_example(picture, body.label)
        given = session.answer(picture).probabilities
        session.change(lesson)
        return Taught(predicted=None if given is None else most_probable(given), session=_state(visit))

    return await visit.change(work)


@router.post("/predictions")
async def predict(body: Query, visit: ThisVisit) -> Prediction:
    """Return the class probabilities for a drawing. The drawing is not kept."""

    def work() -> Prediction:
        picture = as_picture(body.drawing)
        if picture is None:
            return NOTHING_DRAWN
        return describe_answer(visit.session.answer(picture), len(visit.session.lesson.names))

    return await visit.look(work)


@router.get("/curves")
async def read_curves(visit: ThisVisit) -> Curves:
    """Return learning curves for each setting chosen so far: every drawing is predicted from the earlier ones.

    A setting that was chosen later gets the whole lesson in order, as if it had been chosen from the start.
    """

    def work() -> Curves:
        curves, complete = visit.session.advance_curves()
        described = [describe_curve(setting, curve) for setting, curve in curves.items()]
        return Curves(curves=described, complete=complete)

    return await visit.look(work)


def _state(visit: Visit) -> SessionState:
    return describe_session(visit.session, visit.service.predictor.learners)


_PAGE = Path(__file__).parent / "page"


class _PageFiles(StaticFiles):
    """Files of the page."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find a file; older Starlette versions crash on a null byte instead of not finding a file."""
        return ("", None) if "\0" in path else super().lookup_path(path)


def make_app(weights: str | PathLike[str] = "general", device: str | None = None) -> FastAPI:
    """Make the application. Any ASGI server can run it, in a single process because sessions are kept in memory.

    Args:
        weights: Weights of the initial learner; see `demo_learners`.
        device: Device of the learners; see `find_device`.

    Raises:
        UnknownNameError: If there are no such weights.
        CheckpointError: If the weights are damaged.
    """
    service = Service(Predictor(demo_learners(weights, device)))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.threads.shutdown(wait=False, cancel_futures=True)

    app = FastAPI(
        title="gpicl demo",
        summary="An HTTP API for InContextClassifier: label drawings, and classify others.",
        description="A cookie identifies each visitor; a client that keeps cookies has its own session.",
        version=version("gpicl"),
        # FastAPI's documentation pages load scripts from another host; /api.html replaces them.
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
