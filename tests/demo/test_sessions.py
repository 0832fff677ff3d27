"""Sessions are few, apart, and forgotten in time."""

import pytest

from gpicl.demo.learners import Predictor, demo_learners
from gpicl.demo.lesson import Lesson
from gpicl.demo.limits import UNDO_STEPS
from gpicl.demo.sessions import Session, Sessions
from gpicl.errors import GpiclError


@pytest.fixture(scope="module")
def predictor():
    return Predictor(demo_learners("mnist"))


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_session_is_found_by_its_id_alone(predictor):
    sessions = Sessions()
    mine, theirs = Session(predictor), Session(predictor)
    my_key, their_key = sessions.keep(mine), sessions.keep(theirs)
    assert sessions.find(my_key) is mine
    assert sessions.find(their_key) is theirs
    assert sessions.find(None) is sessions.find("") is sessions.find(my_key[:-1]) is None
    assert len(my_key) >= 43, "256 bits"


def test_the_least_recently_used_session_is_deleted(predictor):
    sessions = Sessions(most=3)
    keys = [sessions.keep(Session(predictor)) for _ in range(3)]
    sessions.find(keys[0])
    keys.append(sessions.keep(Session(predictor)))
    assert len(sessions) == 3
    assert [sessions.find(key) is not None for key in keys] == [True, False, True, True]


def test_idle_sessions_are_deleted(predictor):
    clock = Clock()
    sessions = Sessions(idle_seconds=10.0, clock=clock)
    idle, busy = sessions.keep(Session(predictor)), sessions.keep(Session(predictor))
    clock.now = 8
    sessions.find(busy)
    clock.now = 11
    assert sessions.find(busy) is not None
    assert len(sessions) == 1
    assert sessions.find(idle) is None


def test_undo_goes_back_step_by_step_and_not_for_ever(predictor):
    session = Session(predictor)
    for i in range(UNDO_STEPS + 2):
        session.change(Lesson().renamed(0, f"name {i}"))
    for i in reversed(range(UNDO_STEPS + 1)):
        session.undo()
        assert session.lesson.names[0] == f"name {i}"
        if i == 1:
            break
    assert not session.can_undo
    with pytest.raises(GpiclError, match="nothing to undo"):
        session.undo()


def test_an_unknown_learner_is_answered_with_the_nearest(predictor):
    with pytest.raises(GpiclError, match="Did you mean 'mnist'"):
        Session(predictor).choose("minst", None)
