"""CITATION.cff can be read by what reads such files, and says what the package says.

The rules are those of the Citation File Format 1.2.0: what must be there, and what may.
"""

import re
from importlib.metadata import metadata
from pathlib import Path

import pytest
import yaml

CITATION = yaml.safe_load((Path(__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8"))

REQUIRED = {"cff-version", "message", "title", "authors"}
ALLOWED = REQUIRED | {
    "abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords", "license", "license-url",
    "preferred-citation", "references", "repository", "repository-artifact", "repository-code", "type", "url",
    "version",
}  # fmt: skip
PERSON = {"family-names", "given-names", "name-particle", "name-suffix", "alias", "affiliation", "email", "orcid"}
ENTITY = {"name", "alias", "city", "country", "email", "orcid", "website"}


def test_it_has_what_the_format_asks_for_and_nothing_that_it_does_not_know():
    assert set(CITATION) >= REQUIRED
    assert set(CITATION) <= ALLOWED
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] == "software"


@pytest.mark.parametrize("work", [CITATION, *CITATION["references"]], ids=lambda work: work["title"][:20])
def test_every_author_is_a_person_or_has_a_name(work):
    assert work["authors"]
    for author in work["authors"]:
        assert set(author) <= (ENTITY if "name" in author else PERSON)
        assert "name" in author or author["family-names"]


def test_it_says_what_the_package_says():
    package = metadata("gpicl")
    assert CITATION["version"] == package["Version"]
    assert CITATION["license"] == package["License-Expression"]
    assert CITATION["authors"] == [{"name": package["Author"]}]


def test_it_refers_to_the_paper():
    (paper,) = CITATION["references"]
    assert {"authors", "title", "type"} <= set(paper)
    assert paper["type"] == "article"
    assert [author["family-names"] for author in paper["authors"]] == ["Kirsch", "Harrison", "Sohl-Dickstein", "Metz"]
    assert paper["url"].endswith("/2212.04458")
    (identifier,) = paper["identifiers"]
    assert identifier["type"] in ("doi", "url", "swh", "other")
    assert identifier["value"] == "arXiv:2212.04458"


def test_the_page_about_it_gives_the_same_version():
    page = (Path(__file__).parents[2] / "docs/citing.md").read_text(encoding="utf-8")
    assert re.findall(r"version = \{(.*)\}", page) == [CITATION["version"]]
