"""`gpicl reproduce`: from one command to every table, figure and page."""

import io
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from gpicl.cli.main import main
from gpicl.experiments import EXPERIMENTS
from gpicl.experiments.reproduction import Settings, find_experiment, find_sources

# Experiments without a number of the paper to compare with.
NOT_IN_THE_PAPER = ("ablation", "initialisation", "inventions", "limits")


def command(folder, name: str, *more: str) -> list[str]:
    places = ["--output", str(folder / "runs"), "--results", str(folder / "results")]
    return ["reproduce", name, "--scale", "smoke", "--threads", "1", "--progress", "false", *places, *more]


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reproduced")
    assert main(command(folder, "all")) == 0
    return folder


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_leaves_a_table_a_figure_and_a_page(name, reproduced):
    folder = reproduced / "results" / name
    table = pd.read_csv(folder / f"{name}.csv")
    assert len(table)
    assert table["accuracy"].dropna().between(0, 1).all()
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    page = (folder / f"{name}.md").read_text()
    assert "gpicl reproduce all --scale smoke" in page
    assert f"({name}.png)" in page
    assert "failed" not in page.lower()


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name != "comparison"])
def test_a_page_says_what_was_run_what_was_found_by_which_rule_and_that_smoke_means_nothing(name, reproduced):
    folder = reproduced / "results" / name
    page = (folder / f"{name}.md").read_text()
    compared = "| question | found | the paper says | ours | the paper's | ratio | accepted | agrees |\n" in page
    assert compared == ("*Agrees*:" in page) == (name not in NOT_IN_THE_PAPER)
    assert compared or re.search(r"^\| question \| found \|( the paper says \|)?$", page, flags=re.MULTILINE)
    assert "Rule:" in page
    assert "Its figures mean nothing" in page
    runs = pd.read_csv(folder / "runs.csv")
    assert runs["failure"].isna().all()
    assert f"{runs['run'].nunique()} runs" in page
    assert re.search(r"Machine: \d+ cores of .*engine: one run after another, threads: 1; \d{4}-\d\d-\d\d", page)
    assert set(pd.read_csv(folder / f"{name}.csv")["run"]) == set(runs["run"])


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name != "comparison"])
def test_a_run_that_failed_leaves_a_gap_in_the_figure_and_no_more(name, reproduced):
    experiment, settings = find_experiment(name), Settings("smoke", find_sources("smoke", None))
    table = pd.read_csv(reproduced / "results" / name / f"{name}.csv", dtype={"value": str})
    for run in table["run"].iloc[[0, -1]]:
        left = table[table["run"] != run]
        experiment.figure(left, settings).draw_without_rendering()
        assert all(finding.found for finding in experiment.findings(left, settings))


def test_the_same_command_runs_nothing_again_and_writes_the_same_tables(reproduced):
    def written():
        return {path: path.stat().st_mtime_ns for path in (reproduced / "runs").rglob("weights.json")}

    def tables():
        return {path: path.read_bytes() for path in (reproduced / "results").rglob("*.csv")}

    runs, before = written(), tables()
    assert main(command(reproduced, "heatmap")) == 0
    assert main(command(reproduced, "embeddings")) == 0
    assert written() == runs
    assert tables() == before


@pytest.fixture
def phases(tmp_path, reproduced):
    """A folder in which the runs of `phases` are finished."""
    grid = find_experiment("phases").grid(Settings("smoke", find_sources("smoke", None), reproduced / "runs"))
    for run in grid:
        folder = run.folder(reproduced / "runs")
        shutil.copytree(folder, tmp_path / "runs" / folder.name)
    return tmp_path


def test_a_page_has_the_accuracy_of_its_own_test(phases):
    assert main(command(phases, "phases")) == 0
    before = (phases / "results" / "phases" / "phases.csv").read_text()
    run = pd.read_csv(io.StringIO(before))["run"][0]
    assert main(["evaluate", str(phases / "runs" / run), "mnist_5k", "--episodes", "7", "--seed", "9"]) == 0
    assert main(command(phases, "phases")) == 0
    assert (phases / "results" / "phases" / "phases.csv").read_text() == before


def test_a_dry_run_counts_and_estimates_and_leaves_nothing(tmp_path, capsys):
    assert main(command(tmp_path, "learning-curve", "--dry-run", "--seeds", "2")) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert re.search(r"learning-curve . ValueTransformer . 4 . 0 . 8 . \d\.\d", printed.replace("│", "."))
    assert "Core hours on this machine" in printed
    assert not list(tmp_path.iterdir())


def test_embeddings_take_the_features_that_the_user_gives(tmp_path):
    random = np.random.default_rng(0)
    centres = random.normal(size=(4, 7))
    for name in ("train", "test"):
        labels = random.integers(0, 4, 80)
        np.savez(tmp_path / f"{name}.npz", x=centres[labels] + random.normal(size=(80, 7)), y=labels)
    archives = f"{tmp_path / 'train.npz'},{tmp_path / 'test.npz'}"
    assert main(command(tmp_path, "embeddings", "--features", archives)) == 0
    table = pd.read_csv(tmp_path / "results" / "embeddings" / "embeddings.csv")
    assert set(table["features"]) == {"given"}
    assert set(table["dataset"]) == {"test"}
    assert not (tmp_path / "runs" / "features").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["heat-map"], "Did you mean 'heatmap'"),
        (["heatmap", "--scale", "lapptop"], "laptop"),
        (["heatmap", "--seeds", "0"], "seeds must be at least 1"),
        (["heatmap", "--data", "mnist.npz"], "NAME=PATH"),
        (["heatmap", "--data", "mnist=nowhere.npz"], "nowhere.npz"),
        (["heatmap", "--engine", "rya"], "Did you mean 'ray'"),
        (["heatmap", "--workers", "2"], "--engine ray"),
        (["heatmap", "--dry-run", "--engine", "rya"], "Did you mean 'ray'"),
        (["heatmap", "--dry-run", "--workers", "2"], "--engine ray"),
        (
            ["heatmap", "--features", "train.npz,test.npz"],
            "--features is for the experiment embeddings, not for heatmap",
        ),
        (["heatmap", "--data", "mnist=few.npz"], "this data set has 3 classes, and the experiments need 10"),
        (["all", "--data", "kmnist=few.npz"], "this data set has 3 classes, and the experiments need 10"),
        (["all", "--data", "kmnist=one.npz"], "training and test split are the same images"),
        (["embeddings", "--features", "train.npz"], "train.npz,test.npz"),
        (["embeddings", "--features", "nowhere/train.npz,nowhere/test.npz"], "nowhere/train.npz"),
    ],
)
def test_mistakes_are_found_before_anything_is_run(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8), np.uint8)
    np.savez("few.npz", x=images, y=np.arange(30) % 3)
    np.savez("one.npz", x=images, y=np.arange(30) % 10)
    assert main(["reproduce", arguments[0], "--scale", "smoke", *arguments[1:]]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_a_command_whose_runs_failed_says_so_at_its_end_and_tries_them_again(phases, capsys):
    blocked = next((phases / "runs").iterdir())
    shutil.rmtree(blocked)
    blocked.write_text("in the way")  # a file where the folder of a run should be
    assert main(command(phases, "phases")) == 2
    page = phases / "results" / "phases" / "phases.md"
    assert f"Runs failed: 1 of {page}" in " ".join(capsys.readouterr().err.split())
    assert "## What failed" in page.read_text()
    blocked.unlink()
    assert main(command(phases, "phases")) == 0
    assert (blocked / "weights.json").exists()
    assert "## What failed" not in page.read_text()
