"""Sessions: what a visitor has drawn, the steps back, and how many are kept."""

import asyncio
import secrets
import unicodedata
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from time import monotonic
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8

from gpicl.data import load_dataset
from gpicl.demo.curve import Curve
from gpicl.demo.drawing import as_picture, inputs_of
from gpicl.demo.learners import Predictor, Setting, most_probable
from gpicl.demo.limits import (
    CLASSES,
    CURVE_SECONDS,
    EXAMPLES,
    IDLE_SECONDS,
    NAME_LENGTH,
    SESSIONS,
    UNDO_STEPS,
    RefusedError,
)
from gpicl.errors import UnknownNameError

# Control characters, and separators of lines and paragraphs. Format characters stay: emoji are joined by them.
_NOT_IN_NAMES = {"Cc", "Cs", "Zl", "Zp"}


@dataclass(frozen=True, eq=False)
class Example:
    """One labelled picture; equal to itself alone, so that two that look alike are two.

    Args:
        picture: See `as_picture`.
        label: Index of its class.
    """

    picture: UInt8[np.ndarray, "28 28"]
    label: int


@dataclass(frozen=True)
class Lesson:
    """Classes and examples. A change is another lesson, so what was before can be kept, and undone to, for nothing.

    Args:
        names: Of the classes; their labels are the places in here.
        examples: In the order in which they were given.
    """

    names: tuple[str, ...] = ("A", "B")
    examples: tuple[Example, ...] = ()

    def with_class(self, name: str) -> "Lesson":
        """Add a class.

        Args:
            name: Its name.

        Raises:
            RefusedError: If there are too many, or the name cannot be taken.
        """
        if len(self.names) == CLASSES:
            raise RefusedError(f"There are {CLASSES} classes already, which is the most. Rename one of them.", 409)
        return replace(self, names=(*self.names, self._new_name(name)))

    def renamed(self, label: int, name: str) -> "Lesson":
        """Give a class another name.

        Args:
            label: Of the class.
            name: Its new name.

        Raises:
            RefusedError: If there is no such class, or the name cannot be taken.
        """
        others = replace(self, names=tuple(n for i, n in enumerate(self.names) if i != self._known(label)))
        name = others._new_name(name)
        return replace(self, names=(*self.names[:label], name, *self.names[label + 1 :]))

    def with_example(self, picture: UInt8[np.ndarray, "28 28"], label: int) -> "Lesson":
        """Add a labelled picture.

        Args:
            picture: The picture.
            label: Of its class.

        Raises:
            RefusedError: If there is no such class, or there are too many examples.
        """
        if len(self.examples) >= EXAMPLES:
            raise RefusedError(
                f"{EXAMPLES} drawings have been taught, which is the most. Undo some, or start over.", 409
            )
        return replace(self, examples=(*self.examples, Example(picture, self._known(label))))

    def of_class(self, label: int) -> list[Example]:
        """List the examples of one class.

        Args:
            label: Of the class.
        """
        return [example for example in self.examples if example.label == label]

    def _known(self, label: int) -> int:
        if not 0 <= label < len(self.names):
            raise RefusedError(f"There is no class {label}; there are 0 to {len(self.names) - 1}.", 404)
        return label

    def _new_name(self, name: str) -> str:
        name = unicodedata.normalize("NFC", name).strip()
        if not name:
            raise RefusedError("A class needs a name of at least one character.")
        if len(name) > NAME_LENGTH:
            raise RefusedError(f"A class's name may have {NAME_LENGTH} characters at most; this one has {len(name):,}.")
        if any(unicodedata.category(character) in _NOT_IN_NAMES for character in name):
            raise RefusedError("A class's name must be one line of text without control characters.")
        if name in self.names:
            raise RefusedError(f"There is a class {name!r} already. Choose another name.", 409)
        return name


ExampleSet = Literal["none", "digits"]
_EACH = 5


@cache
def digits() -> Lesson:
    """Five handwritten digits of each kind, from scikit-learn, in an order without a pattern."""
    dataset = load_dataset("digits", "train")
    random = np.random.default_rng(0)
    rows = np.concatenate([random.choice(np.flatnonzero(dataset.labels == c), _EACH, False) for c in range(10)])
    examples = []
    for row in random.permutation(rows):
        picture = as_picture(dataset.images[row, ..., 0].tolist())
        if picture is not None:
            examples.append(Example(picture, int(dataset.labels[row])))
    return Lesson(tuple(dataset.classes), tuple(examples))


EXAMPLE_SETS: dict[ExampleSet, Callable[[], Lesson]] = {"none": Lesson, "digits": digits}


class Answer(NamedTuple):
    """What a learner makes of a picture.

    Attributes:
        inputs: What it was given.
        probabilities: By label; None if it cannot tell anything apart yet.
    """

    inputs: Float64[np.ndarray, "196"]
    probabilities: dict[int, float] | None


class Session:
    """A visitor's session. Its methods compute and may be called from any thread, by whoever holds its lock.

    Args:
        predictor: Predicts for all sessions.

    Attributes:
        lesson: Classes and examples.
        setting: Learner and input.
        lock: To be held by a request from first to last, so that requests of one visitor come one after another.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._past: deque[Lesson] = deque(maxlen=UNDO_STEPS)
        self._curves: dict[Setting, Curve] = {}
        self.lesson = Lesson()
        self.setting = Setting(next(iter(predictor.learners)), False)
        self.lock = asyncio.Lock()

    @property
    def can_undo(self) -> bool:
        """Whether there is a lesson to go back to."""
        return bool(self._past)

    def change(self, lesson: Lesson) -> None:
        """Go on with another lesson; `undo` comes back to this one.

        Args:
            lesson: What comes next.
        """
        self._past.append(self.lesson)
        self.lesson = lesson

    def undo(self) -> None:
        """Take back the last change of the lesson.

        Raises:
            RefusedError: If there is none.
        """
        if not self._past:
            raise RefusedError("There is nothing to undo.", 409)
        self.lesson = self._past.pop()

    def choose(self, learner: str | None, scrambled: bool | None) -> None:
        """Choose another learner or input.

        Args:
            learner: Its name; None leaves it.
            scrambled: None leaves it.

        Raises:
            UnknownNameError: If there is no such learner.
        """
        if learner is not None and learner not in self._predictor.learners:
            raise UnknownNameError("learner", learner, self._predictor.learners)
        self.setting = Setting(
            self.setting.learner if learner is None else learner,
            self.setting.scrambled if scrambled is None else scrambled,
        )

    def answer(self, picture: UInt8[np.ndarray, "28 28"]) -> Answer:
        """Ask the learner about a picture.

        Args:
            picture: The picture.
        """
        probabilities = self._predictor.probabilities(self.setting, self.lesson.examples, picture)
        return Answer(inputs_of([picture], self.setting.scrambled)[0], probabilities)

    def advance_curves(self) -> tuple[dict[Setting, Curve], bool]:
        """Go on computing the curves of all settings that have been chosen, the present one first.

        Returns:
            The curves, and whether all are complete. If not, ask again.
        """
        self._curves.setdefault(self.setting, Curve())
        until = monotonic() + CURVE_SECONDS
        complete = True
        for setting in sorted(self._curves, key=lambda setting: setting != self.setting):
            if not complete:
                break

            def predict(before: Sequence[Example], example: Example, setting: Setting = setting) -> int | None:
                given = self._predictor.probabilities(setting, before, example.picture, keep=False)
                return None if given is None else most_probable(given)

            complete = self._curves[setting].advance(self.lesson.examples, predict, until - monotonic())
        return self._curves, complete


class Sessions:
    """Sessions by id; to be used by one thread, the server's event loop.

    Args:
        most: How many are kept. One more, and the one that was used longest ago is forgotten.
        idle_seconds: Time after which a session that is not used is forgotten.
        clock: Seconds from some beginning.
    """

    def __init__(
        self, most: int = SESSIONS, idle_seconds: float = IDLE_SECONDS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._most, self._idle, self._clock = most, idle_seconds, clock
        # Ordered by last use, the oldest first.
        self._sessions: OrderedDict[str, tuple[float, Session]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, key: str | None) -> Session | None:
        """Find a session, which counts as use.

        Args:
            key: Its id.
        """
        self._forget_idle()
        if key is None or key not in self._sessions:
            return None
        _, session = self._sessions.pop(key)
        self._sessions[key] = (self._clock(), session)
        return session

    def keep(self, session: Session) -> str:
        """Keep a new session.

        Args:
            session: The session.

        Returns:
            Its id: 256 random bits.
        """
        self._forget_idle()
        key = secrets.token_urlsafe(32)
        self._sessions[key] = (self._clock(), session)
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)
        return key

    def _forget_idle(self) -> None:
        oldest_kept = self._clock() - self._idle
        while self._sessions:
            key, (used, _) = next(iter(self._sessions.items()))
            if used >= oldest_kept:
                break
            del self._sessions[key]
