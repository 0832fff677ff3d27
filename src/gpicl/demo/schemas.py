"""Schemas of requests and responses, and conversion of sessions and answers to them."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from gpicl.demo.drawing import EMPTY, as_grey
from gpicl.demo.learners import DemoLearner, Setting, most_probable
from gpicl.demo.lesson import Curve, ExampleSet, Outcome
from gpicl.demo.limits import CLASSES, EXAMPLES, GRID_SIDE, NAME_LENGTH, RECENT_PICTURES
from gpicl.demo.sessions import Answer, Session

# Strict, so that true, false and strings are not accepted as numbers.
Ink = Annotated[float, Field(ge=0, le=255, strict=True)]
Row = Annotated[list[Ink], Field(min_length=1, max_length=GRID_SIDE)]
Drawing = Annotated[
    list[Row],
    Field(
        min_length=1,
        max_length=GRID_SIDE,
        description=f"Rows of ink values, 0 (none) to 255, all of the same length; at most {GRID_SIDE}x{GRID_SIDE}. "
        "Position and size do not matter: the drawing is cropped, scaled and centred as in MNIST.",
    ),
]
Label = Annotated[int, Field(ge=0, lt=CLASSES, strict=True, description="Index of the class, from 0.")]
Picture = Annotated[str, Field(description="28x28 grey values in base64, row by row, one byte each.")]


class Request(BaseModel):
    """Base of all requests. Unknown fields are an error, so that misspelt ones are noticed."""

    model_config = ConfigDict(extra="forbid")


class Query(Request):
    """A drawing to classify."""

    drawing: Drawing


class LabelledDrawing(Request):
    """A drawing to learn from."""

    drawing: Drawing
    label: Label


class Name(Request):
    """A class's name."""

    # `Lesson` checks names and explains what is wrong; the schema only has the type.
    name: Annotated[
        str, Field(description=f"One line of 1 to {NAME_LENGTH} characters, not the name of another class.")
    ]


class Choice(Request):
    """Learner and input; omitted fields stay unchanged."""

    learner: Annotated[str | None, Field(description="One of `learners`.")] = None
    scrambled: Annotated[
        bool | None,
        Field(strict=True, description="Apply one fixed random projection to the pixels of every drawing."),
    ] = None


class Beginning(Request):
    """The examples to start over with."""

    examples: ExampleSet


class ClassState(BaseModel):
    """A class."""

    name: str
    count: Annotated[int, Field(description="Number of examples.")]
    recent: Annotated[list[Picture], Field(description="The latest examples, newest last.")]


class LearnerState(BaseModel):
    """A learner that can be chosen."""

    name: str
    about: str


class Limits(BaseModel):
    """Limits of a session."""

    classes: int = CLASSES
    examples: int = EXAMPLES
    name_length: int = NAME_LENGTH


class SessionState(BaseModel):
    """A session."""

    classes: list[ClassState]
    count: Annotated[int, Field(description="Number of examples of all classes together.")]
    learner: str
    scrambled: bool
    can_undo: bool
    learners: list[LearnerState]
    limits: Limits = Limits()


class Prediction(BaseModel):
    """The learner's prediction for a drawing."""

    probabilities: Annotated[
        list[float | None],
        Field(description="One per class, in order; null for a class without an example. If empty, see `note`."),
    ]
    predicted: Annotated[int | None, Field(description="Label of the most probable class.")]
    seen: Annotated[str, Field(description="The learner's input: 14x14 grey values in base64, or empty.")]
    note: Annotated[str | None, Field(description="If there is no prediction, the reason.")]


class Taught(BaseModel):
    """Result of teaching a drawing."""

    predicted: Annotated[
        int | None,
        Field(
            description="Label that the learner predicted for the drawing before it was taught; null for no prediction."
        ),
    ]
    session: SessionState


class CurveState(BaseModel):
    """Learning curve of one learner with one kind of input."""

    learner: str
    scrambled: bool
    outcomes: Annotated[
        list[Outcome],
        Field(description="One per example, predicted from the earlier ones; the first of each class is `uncounted`."),
    ]
    running_accuracy: Annotated[
        list[float | None], Field(description="Share of right predictions among those counted so far.")
    ]


class Curves(BaseModel):
    """Learning curves of all learners and inputs chosen in this session, in the order they were chosen."""

    curves: list[CurveState]
    complete: Annotated[bool, Field(description="If false, ask again: each request computes for a short time only.")]


class Problem(BaseModel):
    """Why a request was refused."""

    reason: str


_TOO_LITTLE = "Teach a drawing of each of two classes first; a prediction needs at least two classes."
NOTHING_DRAWN = Prediction(probabilities=[], predicted=None, seen="", note=EMPTY)


def describe_session(session: Session, learners: Mapping[str, DemoLearner]) -> SessionState:
    """Describe a session.

    Args:
        session: The session.
        learners: Available learners by name.
    """
    classes = []
    for label, name in enumerate(session.lesson.names):
        examples = session.lesson.of_class(label)
        recent = [_base64(example.picture) for example in examples[-RECENT_PICTURES:]]
        classes.append(ClassState(name=name, count=len(examples), recent=recent))
    return SessionState(
        classes=classes,
        count=len(session.lesson.examples),
        learner=session.setting.learner,
        scrambled=session.setting.scrambled,
        can_undo=session.can_undo,
        learners=[LearnerState(name=learner.name, about=learner.about) for learner in learners.values()],
    )


def describe_answer(answer: Answer, num_classes: int) -> Prediction:
    """Describe a learner's answer.

    Args:
        answer: The answer.
        num_classes: Number of classes in the lesson.
    """
    seen = _base64(as_grey(answer.inputs))
    given = answer.probabilities
    if given is None:
        return Prediction(probabilities=[], predicted=None, seen=seen, note=_TOO_LITTLE)
    probabilities = [given.get(label) for label in range(num_classes)]
    return Prediction(probabilities=probabilities, predicted=most_probable(given), seen=seen, note=None)


def describe_curve(setting: Setting, curve: Curve) -> CurveState:
    """Describe the learning curve of a setting."""
    return CurveState(
        learner=setting.learner,
        scrambled=setting.scrambled,
        outcomes=list(curve.outcomes),
        running_accuracy=curve.running_accuracy,
    )


def _base64(picture: np.ndarray) -> str:
    return b64encode(picture.tobytes()).decode("ascii")
