"""A worker survives a crash of its task."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from gpicl.errors import DivergenceError
from gpicl.runs.worker import Worker


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


COMMAND = """
from gpicl.runs.worker import Worker
from test_worker import work_for_long

if __name__ == "__main__":
    with Worker() as worker:
        worker.run(work_for_long)
"""


def work_for_long() -> None:
    print("at work", flush=True)
    time.sleep(120)
    print("done", flush=True)


def test_a_worker_ends_when_the_command_that_it_works_for_is_killed(tmp_path):
    """The pipe is at its end when nobody can write into it any more, so no deadline is needed."""
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    command = subprocess.Popen([sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, text=True)
    assert command.stdout.readline() == "at work\n"
    command.kill()
    rest, _ = command.communicate()
    assert rest == "", "the worker went on to the end of its work"
