"""The JSON API: `InContextClassifier` behind HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path

from gpicl.demo.drawing import EMPTY, as_picture
from gpicl.demo.learners import most_probable
from gpicl.demo.lesson import EXAMPLE_SETS
from gpicl.demo.limits import CLASSES, RefusedError
from gpicl.demo.messages import (
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
from gpicl.demo.problems import NOT_FOUND, NOT_NOW, RESPONSES
from gpicl.demo.visit import ThisVisit, Visit

router = APIRouter(prefix="/api", responses=RESPONSES)

LabelInPath = Annotated[int, Path(ge=0, lt=CLASSES, description="The class's place in the list, from 0.")]


@router.get("/session")
async def read_session(visit: ThisVisit) -> SessionState:
    """Describe this visitor's session: classes, last examples, settings, limits."""
    return await visit.look(lambda: _state(visit))


@router.patch("/session")
async def change_settings(choice: Choice, visit: ThisVisit) -> SessionState:
    """Choose the learner, and whether drawings are scrambled. What has been taught stays."""

    def work() -> SessionState:
        visit.session.choose(choice.learner, choice.scrambled)
        return _state(visit)

    return await visit.change(work)


@router.post("/start", status_code=201)
async def start_over(beginning: Beginning, visit: ThisVisit) -> SessionState:
    """Start over, from nothing or from a set of examples. It can be undone."""

    def work() -> SessionState:
        visit.session.change(EXAMPLE_SETS[beginning.examples]())
        return _state(visit)

    return await visit.change(work)


@router.post("/undo", responses=NOT_NOW)
async def undo(visit: ThisVisit) -> SessionState:
    """Take back the last drawing taught, class added or renamed, or start."""

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
    """Give a class another name."""

    def work() -> SessionState:
        visit.session.change(visit.session.lesson.renamed(label, body.name))
        return _state(visit)

    return await visit.change(work)


@router.post("/examples", status_code=201, responses=NOT_FOUND | NOT_NOW)
async def teach(body: LabelledDrawing, visit: ThisVisit) -> Taught:
    """Add a labelled drawing to the context, and tell what it would have been taken for."""

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
    """Give the probabilities of the classes for a drawing, which is not kept."""

    def work() -> Prediction:
        picture = as_picture(body.drawing)
        if picture is None:
            return NOTHING_DRAWN
        return describe_answer(visit.session.answer(picture), len(visit.session.lesson.names))

    return await visit.look(work)


@router.get("/curves")
async def read_curves(visit: ThisVisit) -> Curves:
    """Give learning curves: every drawing predicted from those before it, for each setting that has been chosen.

    A setting that was chosen late is given the whole lesson in its order, as if it had been there from the start.
    """

    def work() -> Curves:
        curves, complete = visit.session.advance_curves()
        described = [describe_curve(setting, curve) for setting, curve in curves.items()]
        return Curves(curves=described, complete=complete)

    return await visit.look(work)


def _state(visit: Visit) -> SessionState:
    return describe_session(visit.session, visit.service.predictor.learners)
