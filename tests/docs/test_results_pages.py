"""The numbers on the results pages are those of the files beside them."""

import re
from pathlib import Path

import pandas as pd
import pytest

RESULTS = Path(__file__).parents[2] / "docs/results"
# `60.4 (59.2-61.6)`, possibly in bold, and `| 60.4 % | 59.2 to 61.6 % |`.
WITH_INTERVAL = re.compile(r"(\d+\.\d)\** \((\d+\.\d)(?:-| to )(\d+\.\d)\)")
IN_CELLS = re.compile(r"(\d+\.\d) % \| (\d+\.\d) to (\d+\.\d) %")


def _accuracies_in_files(folder):
    found = set()
    for path in folder.glob("*.csv"):
        table = pd.read_csv(path)
        if {"accuracy", "low", "high"} <= set(table.columns):
            rows = table[["accuracy", "low", "high"]].dropna().itertuples(index=False)
            found |= {tuple(f"{100 * value:.1f}" for value in row) for row in rows}
    return found


def _rows(page, columns):
    """Rows of the page's tables with this many columns: the first cell, and the others."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [(row[0].strip("*"), row[1:]) for row in cells if len(row) == columns]


@pytest.mark.parametrize("page", ["flagship", "general-purpose", "paper", "quickstart", "plateau"])
def test_every_accuracy_with_an_interval_is_in_a_file_of_the_page(page):
    folder = RESULTS / page
    text = (folder / "README.md").read_text(encoding="utf-8")
    # Rows of classical learners stand on the page General-purpose, with their file.
    known = _accuracies_in_files(folder) | _accuracies_in_files(RESULTS / "general-purpose")
    shown = {found for form in (WITH_INTERVAL, IN_CELLS) for found in form.findall(text)}
    assert shown
    assert not shown - known


def test_the_comparison_shows_the_accuracies_of_its_table():
    table = pd.read_csv(RESULTS / "comparison/comparison.csv")
    here = table[table["source"] == "this run"].set_index(["learner", "dataset"])["accuracy"]
    names = {
        "token Transformer": "TokenTransformer",
        "outer-product LSTM": "OuterProductLSTM",
        "fast-weight memory": "FastWeightMemory",
        "VSML without symmetries": "VSMLWithoutSymmetries",
    }
    rows = [(name, cells) for name, cells in _rows(RESULTS / "comparison/README.md", 3) if cells[1][:1].isdigit()]
    assert len(rows) >= 5
    for name, cells in rows:
        datasets = ("mnist", "fashion_mnist", "kmnist", "cifar10", "random")
        expected = [f"{100 * here[names.get(name, name), dataset]:.1f}" for dataset in datasets]
        assert " / ".join(expected) in cells, name


def test_the_classifiers_mean_ranks_are_those_of_its_trials_on_both_pages(import_benchmark):
    trials = pd.read_csv(RESULTS / "classifier/trials.csv")
    page = import_benchmark("classifier", "page")
    ranks = [page.mean_ranks(trials, metric, less) for metric, less in page.METRICS.items()]
    texts = [
        path.read_text(encoding="utf-8").replace("+-", "±").translate(str.maketrans("", "", "*`"))
        for path in (RESULTS / "classifier/README.md", RESULTS.parent / "classifier.md")
    ]
    for name in ranks[0]:
        row = " | ".join([name, *(f"{mean:.2f} ± {half:.2f}" for mean, half in (each[name] for each in ranks))])
        assert all(f"| {row} |" in text for text in texts), row


@pytest.mark.parametrize("name", ["tables", "larger-tables"])
def test_the_means_of_a_page_of_tables_are_those_of_its_trials(name):
    trials = pd.read_csv(RESULTS / name / "trials.csv")
    means = trials.groupby(["method", "table"])["average_precision"].mean().groupby("method").mean()
    rows = dict(_rows(RESULTS / name / "README.md", 9))
    assert "InContextClassifier" in means
    for method, mean in means.items():
        assert rows[method][0] == f"{mean:.4f}", method
