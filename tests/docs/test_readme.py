"""The README's figures are those of the results that it names."""

import re
from pathlib import Path

import pandas as pd

from gpicl.metatesting import PAPER, reference_table

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DATASETS = ["mnist", "fashion_mnist", "kmnist", "cifar10"]


def _row(first_cell):
    (line,) = [line for line in README.splitlines() if line.startswith(f"| {first_cell}")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_its_own_accuracies_are_those_of_the_quickstart():
    table = pd.read_csv(ROOT / "docs/results/quickstart/results.csv")
    last = table[(table["position"] == 100) & (table["tasks"] == "unseen")].set_index("dataset").loc[DATASETS]
    expected = [f"{100 * row.accuracy:.1f} ({100 * row.low:.1f}-{100 * row.high:.1f})" for row in last.itertuples()]
    assert _row("`make quickstart`")[:4] == expected
    (episodes,) = set(last["episodes"])
    assert f"over {episodes:,} episodes" in README


def test_the_published_accuracies_are_the_papers():
    table = reference_table()
    paper = table[(table["source"] == PAPER) & (table["learner"] == "GPICL Transformer")].set_index("dataset")
    assert [float(cell) for cell in _row("GPICL")[:4]] == [round(100 * paper["accuracy"][name], 2) for name in DATASETS]


def test_the_shipped_weights_accuracies_are_those_of_the_flagships_page():
    page = (ROOT / "docs/results/flagship/README.md").read_text(encoding="utf-8")
    for name in ("mnist", "synthetic"):
        (line,) = re.findall(rf"^\| `.*the shipped weights `{name}` \| (.*) \|$", page, flags=re.MULTILINE)
        shown = [cell.replace("*", "") for cell in _row(f"gpicl, weights `{name}`")[:4]]
        assert shown == [cell.strip() for cell in line.split("|")][:4]


def test_the_classifiers_ranks_are_those_of_its_benchmark():
    page = (ROOT / "docs/results/tables/README.md").read_text(encoding="utf-8")
    ranks = dict(re.findall(r"^\| \**([\w ]+?)\** \| \d\.\d+ \| (\d+\.\d+) ", page, flags=re.MULTILINE))
    own, forest = (f"{float(ranks[name]):.1f}" for name in ("InContextClassifier", "ExtraTrees"))
    for text in (README, (ROOT / "README.ru.md").read_text(encoding="utf-8")):
        assert own in text
        assert forest in text
    assert f"(mean rank {own}; " in README
    assert f"extra trees {forest})" in README
