"""Sessions and answers in the words of the API."""

from base64 import b64encode
from collections.abc import Mapping

import numpy as np

from gpicl.demo.curve import Curve
from gpicl.demo.drawing import EMPTY
from gpicl.demo.inputs import as_grey
from gpicl.demo.learners import DemoLearner
from gpicl.demo.limits import RECENT_PICTURES
from gpicl.demo.messages import ClassState, CurveState, LearnerState, Prediction, SessionState
from gpicl.demo.predictor import Setting, most_probable
from gpicl.demo.session import Answer, Session

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
