"""Files are written whole or not at all."""

import subprocess
import sys

import pytest

from gpicl.files import remove_unfinished_writes, write_atomically


def test_a_file_is_replaced_by_the_new_content(tmp_path):
    path = tmp_path / "results.csv"
    for content in ("old", "new"):
        write_atomically(path, lambda part, content=content: part.write_text(content))
        assert path.read_text() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_halfway_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("old")

    def fail(part):
        part.write_text("ne")
        raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from pathlib import Path
from gpicl.files import write_atomically

def killed(part):
    part.write_text("ne")
    os.kill(os.getpid(), signal.SIGKILL)

write_atomically(Path(sys.argv[1]), killed)
"""


def test_a_process_that_is_killed_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("old")
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)]).returncode < 0
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2, "what it had written so far is left"
    remove_unfinished_writes(path)
    assert list(tmp_path.iterdir()) == [path]
