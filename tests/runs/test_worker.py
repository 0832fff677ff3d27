"""A worker outlives the work that does not."""

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
import sys
from gpicl.runs.worker import Worker
from test_worker import work_for_long

if __name__ == "__main__":
    with Worker() as worker:
        worker.run(work_for_long, sys.argv[1])
"""


def work_for_long(path: str) -> None:
    for _ in range(600):
        with Path(path).open("a") as file:
            file.write(".")
        time.sleep(0.1)


def test_a_worker_ends_when_the_command_that_it_works_for_is_killed(tmp_path):
    script, trace = tmp_path / "command.py", tmp_path / "trace"
    script.write_text(COMMAND)
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths}
    command = subprocess.Popen([sys.executable, str(script), str(trace)], env=environment)
    deadline = time.monotonic() + 60
    while not trace.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    command.kill()
    command.wait()
    time.sleep(1)
    done = trace.stat().st_size
    time.sleep(1)
    assert trace.stat().st_size == done
