"""The page's colours can be told apart: contrasts as WCAG 2 asks for."""

import re
from pathlib import Path

import pytest

import gpicl.demo

SHEET = (Path(gpicl.demo.__file__).parent / "page/styles/colours.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#\w{6});", part)) for part in SHEET.split("@media"))


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("name", "least"), [("text", 4.5), ("quiet", 4.5), ("focus", 3.0), ("off", 3.0)])
def test_texts_and_controls_stand_out_from_what_is_behind_them(colours, name, least):
    assert min(contrast(colours[name], colours[ground]) for ground in ("card", "ground")) >= least


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_text_on_a_classs_colour_can_be_read(colours):
    classes = [name for name in colours if name.startswith("class-")]
    assert len(classes) == 10
    assert min(contrast(colours["on-class"], colours[name]) for name in classes) >= 4.5
