"""What the README tells people to do works."""

import re
import shlex
from pathlib import Path

import pytest

from gpicl.cli.main import COMMANDS, main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
COMMAND_LINES = [
    shlex.split(line, comments=True)[1:]
    for language, block in BLOCKS
    if language == "bash"
    for line in block.splitlines()
    if line.startswith("gpicl ")
]


@pytest.mark.parametrize("code", [block for language, block in BLOCKS if language == "python"])
def test_python_blocks_run(code):
    exec(compile(code, "README.md", "exec"), {})


@pytest.mark.parametrize("arguments", COMMAND_LINES, ids=" ".join)
def test_commands_are_understood(arguments, capsys, tmp_path, monkeypatch):
    """Train is asked to print its configuration in place of training; others to find that there are no such files."""
    monkeypatch.chdir(tmp_path)
    if arguments[0] == "train":
        with pytest.raises(SystemExit) as stopped:
            main([a for a in arguments if a != "--print_config"] + ["--print_config"])
        assert stopped.value.code in (0, None)
        assert "learner:" in capsys.readouterr().out
    elif arguments[0] == "evaluate":
        assert main(arguments) == 2
        assert "finished `gpicl train` run" in capsys.readouterr().err
    elif arguments[0] == "classify":
        assert main(arguments) == 2
        assert "There is no file train.csv" in capsys.readouterr().err
    else:
        assert main(arguments) == 0


def test_there_are_commands_and_code_to_run():
    assert len(COMMAND_LINES) >= 4
    assert {arguments[0] for arguments in COMMAND_LINES} <= set(COMMANDS)
    assert any(language == "python" for language, _ in BLOCKS)
