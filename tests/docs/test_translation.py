"""The Russian README is kept in step with the English one."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
ENGLISH, RUSSIAN = "README.md", "README.ru.md"


def _tokens(name):
    return MarkdownIt().enable("table").parse((ROOT / name).read_text(encoding="utf-8"))


def _inline(name, kind):
    return [child for token in _tokens(name) for child in token.children or () if child.type == kind]


def _headings(name):
    return [token.tag for token in _tokens(name) if token.type == "heading_open"]


def _blocks(name):
    """Code without its comments, which are translated."""
    return [
        (token.info, [re.sub(r"\s+# .*", "", line) for line in token.content.splitlines()])
        for token in _tokens(name)
        if token.type == "fence"
    ]


def _numbers_of_tables(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [re.findall(r"\d[\d.]*", line) for line in lines if line.startswith("|")]


def _links(name):
    """In any order, because sentences have another; a page and its translation link each other."""
    links = sorted(link.attrs["href"] for link in _inline(name, "link_open"))
    return [link for link in links if link not in (ENGLISH, RUSSIAN)]


def _images(name):
    return [image.attrs["src"] for image in _inline(name, "image")]


@pytest.mark.parametrize("part", [_headings, _blocks, _numbers_of_tables, _links, _images])
def test_both_have_the_same(part):
    assert part(ENGLISH), f"{ENGLISH} has none: the test looks for the wrong thing"
    assert part(ENGLISH) == part(RUSSIAN)


@pytest.mark.parametrize(("name", "other"), [(ENGLISH, RUSSIAN), (RUSSIAN, ENGLISH)])
def test_each_begins_with_a_link_to_the_other(name, other):
    assert _inline(name, "link_open")[0].attrs["href"] == other


@pytest.mark.parametrize("name", [ENGLISH, RUSSIAN])
def test_its_links_lead_somewhere(name):
    paths = [link for link in [*_links(name), *_images(name)] if not link.startswith("https://")]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_numbers_of_its_prose_are_those_of_the_original():
    def numbers(name):
        prose = " ".join(token.content for token in _tokens(name) if token.type == "inline")
        return sorted(re.findall(r"\d+(?:\.\d+)*", re.sub(r"(\d),(\d{3})\b", r"\1\2", prose)))

    assert numbers(ENGLISH) == numbers(RUSSIAN)
