"""Every learner has its page, and the table of learners is right."""

import re
from pathlib import Path

import pytest

from gpicl.learners import LEARNERS, build_learner
from gpicl.metatraining import load_preset

DOCS = Path(__file__).parents[2] / "docs"
OVERVIEW = (DOCS / "learners/index.md").read_text(encoding="utf-8")
ROWS = {
    name: (page, preset, parameters, state)
    for name, page, preset, parameters, state in re.findall(
        r"^\| \[(\w+)\]\((.*?)\) \| .*? \| `(.*?)` \| ([\d,]+) \| ([\d,]+) \|$", OVERVIEW, flags=re.MULTILINE
    )
}


def test_the_table_holds_every_learner():
    assert set(ROWS) == set(LEARNERS), "a new learner needs a row in docs/learners/index.md, a page, and a nav entry"


@pytest.mark.parametrize("name", sorted(ROWS))
def test_its_page_shows_its_docstring_equations_source_and_command(name):
    page, preset, *_ = ROWS[name]
    text = (DOCS / "learners" / page).read_text(encoding="utf-8")
    assert f"::: gpicl.learners.{name}\n" in text
    assert "```math\n" in text
    assert f"```bash\ngpicl train --config {preset}\n```" in text
    assert re.findall(r"^## (.*)$", text, flags=re.MULTILINE) == [
        "Equations",
        "What it costs",
        "Meta-train it",
        "Source",
    ]


@pytest.mark.parametrize("name", sorted(ROWS))
def test_its_parameters_and_state_are_those_of_its_preset(name):
    _, preset, parameters, state = ROWS[name]
    config = load_preset(preset)
    assert config.learner.name == name
    pixels = config.data.size**2 * config.data.channels
    learner = build_learner(name, config.tasks.num_features or pixels, 10, **config.learner.options)
    tested = learner.with_size(config.testing.num_features or learner.num_features, 10)
    assert f"{learner.num_parameters:,}" == parameters
    assert f"{tested.state_size(100):,}" == state
