"""Files are written whole or not at all."""

import os
import subprocess
import sys

import pytest

from gpicl.errors import ConfigError
from gpicl.files import check_folder, check_output, remove_unfinished_writes, write_atomically


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


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_file_keeps_its_permissions_and_a_new_one_gets_those_of_the_user(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    old.chmod(0o600)
    before = os.umask(0o027)
    try:
        for path in (old, new):
            write_atomically(path, lambda part: part.write_text("content"))
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (old, new)] == [0o600, 0o640]


def test_a_link_stays_and_the_file_behind_it_is_written(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", lambda part: part.write_text("new"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


@pytest.mark.parametrize("check", [check_folder, check_output])
def test_a_path_that_cannot_be_looked_up_is_refused(check, tmp_path):
    with pytest.raises(ConfigError, match=r"too long\. Choose another one with --output"):
        check(tmp_path / ("x" * 300))


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
