"""The architecture page names files that are there, in the order in which they may import."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "gpicl"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[str]:
    """The cells of the right column of the first table below a heading."""
    table = PAGE.partition(heading)[2].partition("\n\n|")[2].partition("\n\n")[0]
    return [line.strip("| ").split(" | ")[1] for line in table.splitlines()[2:]]


@pytest.mark.parametrize("heading", ["## To change X, open Y", "## To add one, touch"])
def test_every_file_that_it_names_is_there(heading):
    named = [name for row in rows(heading) for name in re.findall(r"`([\w/.]+)`", row)]
    assert len(named) >= 5
    assert [name for name in named if not ((PACKAGE / name).exists() or (ROOT / name).exists())] == []


def test_rooms_import_only_from_rooms_above_their_own():
    order = re.findall(r"^\| `(\w+)/` \|", PAGE, flags=re.MULTILINE)
    assert sorted(order) == sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
    place = {room: number for number, room in enumerate(order)}
    for path in PACKAGE.glob("*/**/*.py"):
        room = path.relative_to(PACKAGE).parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gpicl."):
                imported = node.module.split(".")[1]
                assert place.get(imported, -1) <= place[room], f"{path}: imports from {node.module}"
