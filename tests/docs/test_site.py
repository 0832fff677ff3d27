"""The documentation site builds, is whole, and needs no other host."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="pip install 'gpicl[docs]'")

ROOT = Path(__file__).parents[2]
# Packages that declare public names. Experiments are found by name, so what their packages declare is no public name.
PACKAGES = sorted(
    f"gpicl.{path.parent.name}"
    for path in (ROOT / "src/gpicl").glob("*/__init__.py")
    if "__all__ = " in path.read_text(encoding="utf-8")
)
PACKAGES += ["gpicl.experiments.sweep", "gpicl.experiments.reproduction", "gpicl.tasks.widenings"]


def build(site, config=ROOT / "mkdocs.yml"):
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(config), "--site-dir", str(site)],
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    built = build(folder)
    assert built.returncode == 0, built.stderr
    return folder


class Loaded(HTMLParser):
    """Collects what a browser fetches by itself when it shows a page."""

    def __init__(self):
        super().__init__()
        self.addresses = []

    def handle_starttag(self, tag, attributes):
        names = {"link": "href", "use": "href"}
        if tag != "a":
            self.addresses += [value for name, value in attributes if name == names.get(tag, "src")]


def test_no_page_loads_anything_from_another_host(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        loaded = Loaded()
        loaded.feed(page.read_text(encoding="utf-8"))
        assert loaded.addresses
        assert [address for address in loaded.addresses if re.match(r"(https?:)?//", address)] == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_every_equation_is_drawn(site):
    drawn = 0
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "language-math" not in text, f"{page} shows the source of an equation"
        drawn += len(re.findall(r'<div class="math"><svg role="img" aria-label="[^"]+" [^>]*>\s*<path', text))
    written = sum(
        len(fence.strip().split("\n\n"))
        for page in (ROOT / "docs").rglob("*.md")
        for fence in re.findall(r"```math\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    )
    assert drawn == written > 20


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_in_the_reference(site, package):
    from mkdocstrings import Inventory

    with (site / "objects.inv").open("rb") as file:
        known = set(Inventory.parse_sphinx(file, domain_filter=["py"]))
    for name in import_module(package).__all__:
        # A function that is called as its file is known by the longer path.
        assert known & {f"{package}.{name}", f"{package}.{name}.{name}"}, (
            f"{package}.{name} is on no page: does it have a docstring, and does a page of docs/api show it?"
        )


def test_the_reference_says_which_names_can_be_imported_from_gpicl_itself():
    import gpicl

    rows = [line for line in (ROOT / "docs/api/index.md").read_text().splitlines() if line.startswith("| [`gpicl.")]
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[3])]
    assert sorted(listed) == sorted(gpicl.__all__)


@pytest.mark.parametrize(
    ("mistake", "complaint"),
    [
        ("[a page](nowhere.md)", "nowhere.md"),
        ("[a heading](#nowhere)", "#nowhere"),
        ("```math\n\\frac{1}{\n```", "Cannot draw the equation"),
    ],
)
def test_a_mistake_stops_the_build(tmp_path, mistake, complaint):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text(f"# Home\n\n{mistake}\n")
    (tmp_path / "mkdocs.yml").write_text(
        f"INHERIT: {ROOT}/mkdocs.yml\nhooks: [{ROOT}/docs/hooks/equations.py]\nnav: [index.md]\nplugins: []\n"
        "extra_css: []\nwatch: []\n"
    )
    built = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert built.returncode != 0
    assert complaint in built.stderr
