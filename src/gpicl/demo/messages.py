"""What requests and answers hold, and sessions and answers in these words."""

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

# Strict, so that neither a truth value nor a text counts as a number.
Ink = Annotated[float, Field(ge=0, le=255, strict=True)]
Row = Annotated[list[Ink], Field(min_length=1, max_length=GRID_SIDE)]
Drawing = Annotated[
    list[Row],
    Field(
        min_length=1,
        max_length=GRID_SIDE,
        description=f"Rows of ink, 0 (none) to 255, all of one length; at most {GRID_SIDE}x{GRID_SIDE}. Where the "
        "strokes lie and how large they are does not matter: they are cropped, scaled and centred as MNIST's were.",
    ),
]
Label = Annotated[int, Field(ge=0, lt=CLASSES, strict=True, description="The class's place in the list, from 0.")]
Picture = Annotated[str, Field(description="28x28 grey values, row by row, one byte each, in base64.")]


class Request(BaseModel):
    """A request: what it does not name is refused, so that a misspelt name is not overlooked."""

    model_config = ConfigDict(extra="forbid")


class Query(Request):
    """A drawing to look at."""

    drawing: Drawing


class LabelledDrawing(Request):
    """A drawing to learn from."""

    drawing: Drawing
    label: Label


class Name(Request):
    """A class's name."""

    # The lesson says what a name may be, in words of its own; a schema can say no more than this.
    name: Annotated[str, Field(description=f"One line of 1 to {NAME_LENGTH} characters, no other class's name.")]


class Choice(Request):
    """Whom to teach, and what it sees; what is left out stays as it is."""

    learner: Annotated[str | None, Field(description="One of `learners`.")] = None
    scrambled: Annotated[
        bool | None,
        Field(strict=True, description="Send every drawing through one fixed random projection of its pixels."),
    ] = None


class Beginning(Request):
    """What to start over from."""

    examples: ExampleSet


class ClassState(BaseModel):
    """A class."""

    name: str
    count: Annotated[int, Field(description="Examples.")]
    recent: Annotated[list[Picture], Field(description="Its last examples, the newest last.")]


class LearnerState(BaseModel):
    """A learner that can be chosen."""

    name: str
    about: str


class Limits(BaseModel):
    """The most that a session holds."""

    classes: int = CLASSES
    examples: int = EXAMPLES
    name_length: int = NAME_LENGTH


class SessionState(BaseModel):
    """A session."""

    classes: list[ClassState]
    count: Annotated[int, Field(description="Examples of all classes together.")]
    learner: str
    scrambled: bool
    can_undo: bool
    learners: list[LearnerState]
    limits: Limits = Limits()


class Prediction(BaseModel):
    """What the learner makes of a drawing."""

    probabilities: Annotated[
        list[float | None],
        Field(description="Of every class, in their order; null for those without an example. Empty: see `note`."),
    ]
    predicted: Annotated[int | None, Field(description="Label of the most probable class.")]
    seen: Annotated[str, Field(description="What the learner is given: 14x14 grey values in base64, or nothing.")]
    note: Annotated[str | None, Field(description="Why there is no prediction, if there is none.")]


class Taught(BaseModel):
    """A drawing has become an example."""

    predicted: Annotated[
        int | None, Field(description="Label that the learner would have given before it was told; null: none.")
    ]
    session: SessionState


class CurveState(BaseModel):
    """How one learner, with one kind of input, predicted the lesson."""

    learner: str
    scrambled: bool
    outcomes: Annotated[
        list[Outcome],
        Field(
            description="Of every example as it was predicted from those before it; the first of a class counts not."
        ),
    ]
    running_accuracy: Annotated[
        list[float | None], Field(description="Share of right predictions among those that count so far.")
    ]


class Curves(BaseModel):
    """Learning curves of all learners and inputs that were chosen in this session, in the order of their choice."""

    curves: list[CurveState]
    complete: Annotated[bool, Field(description="If not, ask again: a request computes for a moment only.")]


class Problem(BaseModel):
    """Why a request was refused."""

    reason: str


_TOO_LITTLE = "Teach it a drawing of each of two classes first: with fewer there is nothing to tell apart."
NOTHING_DRAWN = Prediction(probabilities=[], predicted=None, seen="", note=EMPTY)


def describe_session(session: Session, learners: Mapping[str, DemoLearner]) -> SessionState:
    """Describe a session.

    Args:
        session: The session.
        learners: Those that can be chosen.
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
    """Describe what a learner makes of a drawing.

    Args:
        answer: Its answer.
        num_classes: Classes of the lesson.
    """
    seen = _base64(as_grey(answer.inputs))
    given = answer.probabilities
    if given is None:
        return Prediction(probabilities=[], predicted=None, seen=seen, note=_TOO_LITTLE)
    probabilities = [given.get(label) for label in range(num_classes)]
    return Prediction(probabilities=probabilities, predicted=most_probable(given), seen=seen, note=None)


def describe_curve(setting: Setting, curve: Curve) -> CurveState:
    """Describe a learning curve.

    Args:
        setting: Whose it is.
        curve: The curve.
    """
    return CurveState(
        learner=setting.learner,
        scrambled=setting.scrambled,
        outcomes=list(curve.outcomes),
        running_accuracy=curve.running_accuracy,
    )


def _base64(picture: np.ndarray) -> str:
    return b64encode(picture.tobytes()).decode("ascii")
