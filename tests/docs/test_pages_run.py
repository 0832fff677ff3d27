"""Every block of code in the README and the tutorials runs, top to bottom, as for a reader who follows the page.

A page is one story: its Python blocks share their names, its commands run in one folder, and a block called `prints`
is compared with what the block above it printed. What a reader has and a test has not is made in `readers_files`.
"""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt
from sklearn.datasets import load_iris

from gpicl.cli.main import main

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs/tutorials").glob("*.md"))
PAGES = ["README.md", "docs/classifier.md", "docs/learners/index.md", *TUTORIALS]

# Commands that do not run here, by their beginning, and why.
NOT_RUN = {
    "pip install": "would change the environment that runs the tests",
    "make quickstart": "minutes of meta-training; the command behind it is the README's own, and is compared below",
    "make test": "is what runs this",
    "python benchmarks/": "hours, and data sets that are not available here",
    "python tests/": "would overwrite what other tests compare with",
}

_TINY = "--training.minutes null --training.steps 2 --training.batch 2 --testing.datasets [digits] --testing.episodes 2"

# Commands that would take minutes, made small by what is put behind them (the last one of two options counts).
# The tutorials are small as they are.
SMALLER = {
    "README.md": {
        "gpicl train": _TINY,
        "gpicl evaluate": "--episodes 2",
        "gpicl compare": "--learners MLP",
        "gpicl reproduce": "--scale smoke --dry_run true",
    },
    "docs/classifier.md": {"gpicl bench": "--scale smoke"},  # the figures are the benchmark's, not this test's
    # The README's have shown that training works: here it is enough that the options are understood.
    "docs/learners/index.md": {"gpicl train": "--print_config", "gpicl compare": "--learners NearestNeighbour"},
}

# What stands on a page for something of the reader's own.
STANDS_FOR = {
    "runs/RUN": lambda: str(max(Path("runs").iterdir(), key=lambda run: run.stat().st_mtime)),
    "fashion_mnist,mine=images.npz": lambda: "digits,mine=images.npz",  # the first would be downloaded
}


@pytest.fixture
def readers_files(tmp_path, monkeypatch):
    """Give the page a folder of its own, with the files that it takes for granted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # where a script finds the modules beside it
    np.savez("images.npz", x=np.random.default_rng(0).random((200, 8, 8)), y=np.arange(200) % 10)
    flowers = load_iris(as_frame=True)
    table = flowers.data.assign(species=flowers.target_names[flowers.target])
    table[::2].to_csv("train.csv", index=False)
    table[1::2].to_csv("test.csv", index=False)
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_page_runs_top_to_bottom(page, readers_files, capsys):
    names = {"__name__": "__main__"}
    printed = ""
    for block in _blocks(page):
        language, title = block.info.split(" ")[0], _title(block.info)
        if language == "text" and title == "prints":
            assert _lines(printed) == _lines(block.content), f"{page}, line {block.map[0] + 1}"
        elif language == "bash":
            for command in block.content.replace("\\\n", " ").splitlines():
                _run(command, page)
        elif language == "python" and title.endswith(".py"):
            Path(title).write_text(block.content)
        elif language == "python":
            # Padded, so that an error names the line of the page.
            exec(compile("\n" * (block.map[0] + 1) + block.content, page, "exec"), names)
        if language in ("bash", "python"):
            printed = "".join(capsys.readouterr())
    for module in readers_files.glob("*.py"):
        sys.modules.pop(module.stem, None)


@pytest.mark.parametrize("page", PAGES)
def test_no_block_escapes_the_test_above(page):
    languages = {block.info.split(" ")[0] for block in _blocks(page)}
    assert languages <= {"bash", "python", "text"}, "a language that would not be run"
    indented = [token.content for token in _tokens(page) if token.type == "code_block"]
    assert not indented, "fence them: an indented block has no language, and would not be run"


def test_make_quickstart_is_the_readmes_own_command():
    makefile = (ROOT / "Makefile").read_text()
    (command,) = re.findall(r"^quickstart:.*\n\t\$\(BIN\)/(.*)$", makefile, flags=re.MULTILINE)
    commands = [block.content for block in _blocks("README.md") if block.info == "bash"]
    assert any(f"\n{command} " in content for content in commands)


def test_what_is_not_run_is_still_on_a_page():
    everything = "\n".join(block.content for page in PAGES for block in _blocks(page))
    assert [beginning for beginning in NOT_RUN if beginning not in everything] == []


def _tokens(page):
    return MarkdownIt().parse((ROOT / page).read_text(encoding="utf-8"))


def _blocks(page):
    return [token for token in _tokens(page) if token.type == "fence"]


def _title(info):
    return (re.findall(r'title="(.*?)"', info) or [""])[0]


def _lines(text):
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def _run(command, page):
    """Run one command of a page in this process: a process of its own would first import PyTorch for seconds."""
    if not shlex.split(command, comments=True) or command.startswith(tuple(NOT_RUN)):
        return
    for name, replacement in STANDS_FOR.items():
        if name in command:
            command = command.replace(name, replacement())
    words = shlex.split(command, comments=True)
    if words[0] == "PYTHONPATH=.":  # as it is here, see `readers_files`
        words = words[1:]
    assert words[0] == "gpicl", f"{command!r} is neither a command of ours nor listed in NOT_RUN"
    smaller = SMALLER.get(page, {}).get(" ".join(words[:2]), "")
    try:
        code = main([*words[1:], *smaller.split()])
    except SystemExit as stopped:  # --print_config ends so
        code = stopped.code
    assert not code, command
