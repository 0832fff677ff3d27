"""A worker outlives the work that does not."""

import os
import signal

from gpicl.errors import DivergenceError
from gpicl.experiments.worker import Worker


def add(a: int, b: int) -> int:
    return a + b


def diverge() -> None:
    raise DivergenceError("The loss is nan.")


def break_down() -> None:
    raise RuntimeError("not enough memory: you tried to allocate 10 GB\nat some place")


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_fails_says_why_and_the_next_piece_of_work_is_done():
    with Worker() as worker:
        assert worker.run(add, 1, 2) == (3, None)
        assert worker.run(diverge) == (None, "The loss is nan.")
        assert worker.run(break_down) == (None, "RuntimeError: not enough memory: you tried to allocate 10 GB")
        killed = worker.run(be_killed)
        assert killed.result is None
        assert "killed" in str(killed.failure)
        assert worker.run(add, 2, 2).result == 4
