"""Prose is plain English: these phrases read as translated or archaic, and have a shorter ordinary form."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each with what to write in its place.
PHRASES = {
    r"whoever|whomever": "anyone who, if you",
    r"of one'?s own": "your own, its own",
    r"for want of": "for lack of, without",
    r"none of the known": "not one of the known",
    r"\banew\b": "again",
    r"by whatever hand": "for any reason",
    r"what lies there": "what is there",
    r"\b(is|are|was|were) told (of|that|what|how|which|where)": "is given, reads, knows",
    r"who learns": "the learner",
    r"(than|as) (was |were )?asked for": "than requested",
    r"(is|was|are|were) missed by": "is below",
    r"\bwants an? (GPU|seed|name|number|file)": "needs a",
    r"in what follows": "below",
    r"(is not|cannot|can not) (to )?be had": "is not available",
    r"\bhenceforth\b|\bthereof\b|\bwhereof\b|\bwherein\b|\bhitherto\b": "an ordinary word",
}

FOLDERS = [
    ("docs", "*.md"),
    ("tests", "*.py"),
    ("benchmarks", "*.py"),
    ("src/gpicl", "*.py"),
    ("src/gpicl", "*.yaml"),
    ("src/gpicl/demo/page", "*.html"),
]
FILES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "mkdocs.yml", "Makefile")]
PAGES = FILES + [
    path
    for folder, pattern in FOLDERS
    for path in sorted((ROOT / folder).rglob(pattern))
    if path != Path(__file__)  # which holds the phrases
]


def found(text):
    return [
        f"line {number}: {match.group()!r} (write: {better})"
        for phrase, better in PHRASES.items()
        for number, line in enumerate(text.splitlines(), 1)
        for match in re.finditer(phrase, line.replace("_", " "), flags=re.IGNORECASE)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_file_has_a_phrase_to_avoid(page):
    assert found(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Any learner of one's own.", 1),
        ("Whoever reads is told that", 2),
        ("It told the user.", 0),
        ("def test_they_are_told_of_it", 1),
    ],
)
def test_the_phrases_are_recognised(text, number):
    assert len(found(text)) == number
