"""The table of the page "General-purpose": each cell is measured once, and the page is made from the cells."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch

from gpicl.data import load_features
from gpicl.learners import build_learner
from gpicl.metatesting import evaluate, evaluate_classical, save_outcomes
from gpicl.weights import save_weights


@pytest.fixture
def run(import_benchmark):
    return import_benchmark("general_purpose", "run")


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(0)
    learner = build_learner("ValueTransformer", 196, 10, layers=1, width=8, heads=1, key_size=8)
    folder = tmp_path / "weights"
    folder.mkdir()
    save_weights(learner, folder, meta_training={"data": {"dataset": "mnist_5k+digits"}})
    return learner.eval(), folder


def test_a_cell_is_what_evaluate_gives_and_is_measured_once(run, weights, tmp_path, monkeypatch):
    learner, folder = weights
    command = ["run", "--weights", f"value={folder}", "--classical", "--rows", "digits", "--device", "cpu"]
    command += ["--cells", str(tmp_path / "cells"), "--out", str(tmp_path / "page")]

    def call(*more):
        monkeypatch.setattr(sys, "argv", [*command, *more])
        run.main()
        return pd.read_csv(tmp_path / "page/general-purpose.csv").iloc[0]

    cell = call("--episodes", "40")
    digits = {"digits": load_features("digits", "test", None, 14, 1)}
    expected = evaluate(learner, digits, episodes=40, positions=[100]).iloc[0]
    assert list(cell[["accuracy", "low", "high"]]) == pytest.approx(list(expected[["accuracy", "low", "high"]]))
    assert "†" in (tmp_path / "page/README.md").read_text(), "it was meta-trained on digits"

    monkeypatch.setattr(run, "evaluate", lambda *_, **__: pytest.fail("measured a second time"))
    assert call("--episodes", "40")["accuracy"] == cell["accuracy"]
    with pytest.raises(pytest.fail.Exception, match="second time"):
        call("--episodes", "41")


def test_classical_learners_answer_the_episodes_of_evaluate(run):
    right = np.concatenate(
        [run._fitted("NearestNeighbour", ("digits", 14, 1), draws) for draws in (range(5), range(5, 12))]
    )
    digits = {"digits": load_features("digits", "test", None, 14, 1)}
    assert right.mean() == evaluate_classical("NearestNeighbour", digits, episodes=12)["accuracy"].iloc[0]


def keep_cell(folder, dataset, count, **about):
    """Write a cell of 40 episodes, the first of which are right."""
    test = {"dataset": dataset, "tasks": "unseen", "length": 100, "seed": 0, "data": "0", "episodes": 40}
    known = {"kind": "weights", "learner": folder.name, "weights": "", "trained_on": "none", "features": 196}
    known |= {"device": "here", "image": "32x32x3", "examples": 9, "seconds": 1.0}
    folder.mkdir(exist_ok=True)
    described = {**test, **known, **about}
    right = np.arange(described["episodes"])[:, None] < count
    save_outcomes(folder / f"{dataset}.npz", right, [100], **described)


def test_the_page_names_the_best_classical_learner_and_what_is_not_above_it(run, tmp_path):
    for column, count in {"good": 30, "poor": 10, "RBFSVM": 20, "LinearSVM": 15}.items():
        keep_cell(tmp_path / column, "omniglot", count, kind="classical" if "SVM" in column else "weights")
    run.write_results(tmp_path, tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "50.0 (35.2-64.8)‡ RBFSVM" in page
    assert "**`good`** is above the best classical learner on 1 of 1 data sets, on 1 of them clearly" in page
    assert "It is not on Omniglot, ten-way (-25.0 points" in page


def test_the_page_names_every_device_that_measured_a_column(run, tmp_path):
    keep_cell(tmp_path / "value", "mnist", 30, device="a GPU")
    keep_cell(tmp_path / "value", "omniglot", 30, device="two cores")
    run.write_results(tmp_path, tmp_path)
    assert "| `value` | value | none | a GPU; two cores |" in (tmp_path / "README.md").read_text()


def test_a_cell_with_fewer_episodes_is_marked_and_compared_on_them(run, tmp_path):
    keep_cell(tmp_path / "RBFSVM", "mnist", 10, kind="classical")
    keep_cell(tmp_path / "value", "mnist", 30)
    keep_cell(tmp_path / "vsml", "mnist", 10, episodes=20)
    run.write_results(tmp_path, tmp_path)
    page = (tmp_path / "README.md").read_text()
    table = pd.read_csv(tmp_path / "general-purpose.csv").set_index("column")
    assert "§ Only the first 20 episodes." in page
    assert page.count("§ |") == 1
    assert table.loc["vsml", ["accuracy", "difference", "episodes"]].tolist() == [0.5, 0.0, 20]


def test_the_page_names_classical_learners_that_were_not_fitted_everywhere(run, tmp_path):
    for column, datasets in {"RBFSVM": ("mnist", "omniglot"), "LinearSVM": ("mnist",)}.items():
        for dataset in datasets:
            keep_cell(tmp_path / column, dataset, 10, kind="classical")
    keep_cell(tmp_path / "value", "mnist", 30)
    run.write_results(tmp_path, tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "LinearSVM was not fitted on Omniglot, ten-way" in page
    assert "§" not in page
    keep_cell(tmp_path / "LinearSVM", "omniglot", 5, kind="classical", episodes=20)
    run.write_results(tmp_path, tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "LinearSVM was fitted on the first 20 episodes of Omniglot, ten-way." in page
    assert "§" not in page, "it is not the best one, which is shown"
    assert "RBFSVM was not fitted" not in page
