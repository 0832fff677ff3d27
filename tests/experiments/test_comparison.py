"""`gpicl compare`: one table of all, from one command that can be interrupted."""

import math
import signal
import sys

import pandas as pd
import pytest

from gpicl.cli.main import main
from gpicl.errors import ConfigError
from gpicl.experiments.comparison import ENTRIES, SCALES, compare
from gpicl.experiments.comparison.entries import make_trials
from gpicl.experiments.comparison.report import _costs_table
from gpicl.experiments.sweep import Engine
from gpicl.learners import LEARNERS
from gpicl.metatesting import CLASSICAL, reference_table
from gpicl.metatraining import list_presets
from gpicl.runs.worker import Outcome

QUICK = "NearestNeighbour,SGD,MLP,FastWeightMemory"


def command(folder, *more: str, learners: str = QUICK) -> list[str]:
    places = ["--output", str(folder / "runs"), "--results", str(folder / "table")]
    return ["compare", "--scale", "smoke", "--learners", learners, "--progress", "false", *places, *more]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    assert main(command(folder, "--seeds", "2")) == 0
    return folder


def test_every_learner_of_the_package_takes_part_and_has_its_preset():
    assert {entry.name for entry in ENTRIES} == {*LEARNERS, *CLASSICAL}
    assert {entry.preset for entry in ENTRIES if not entry.classical} <= set(list_presets())
    published = set(reference_table()["learner"])
    assert {entry.published for entry in ENTRIES} - {None} <= published
    assert {entry.earlier for entry in ENTRIES} - {None} <= published


@pytest.mark.parametrize("scale", SCALES)
def test_every_trial_of_a_scale_has_a_folder_of_its_own(scale, tmp_path):
    trials = make_trials(SCALES[scale], ENTRIES, tmp_path, None, progress=False)
    assert len({trial.folder for trial in trials}) == len(trials)
    trained = [trial.config for trial in trials if not trial.entry.classical]
    assert {config.learner.name for config in trained} == set(LEARNERS)
    assert {config.data.dataset for config in trained} == {SCALES[scale].data}


def test_classical_learners_are_fitted_as_often_as_a_scale_has_time_for(tmp_path):
    """Of 3,072 features a covariance has nine million entries, and there are six fits per episode."""
    trials = make_trials(SCALES["gpu"], ENTRIES, tmp_path, None, progress=False)
    fitted = [trial for trial in trials if trial.entry.classical]
    assert {trial.entry.name for trial in fitted} == set(CLASSICAL) - {"ShrinkageLDA"}
    assert {trial.config.testing.episodes for trial in fitted} == {512}
    assert len(fitted) == len({trial.entry.name for trial in fitted}), "one seed"
    assert {trial.config.testing.episodes for trial in trials if not trial.entry.classical} == {4096}


def test_a_learner_that_the_scale_leaves_out_is_refused(tmp_path):
    lda = [entry for entry in ENTRIES if entry.name == "ShrinkageLDA"]
    with pytest.raises(ConfigError, match=r"leaves out ShrinkageLDA.*another scale"):
        make_trials(SCALES["gpu"], lda, tmp_path, None, progress=False)


class EngineHere(Engine):
    """Runs pieces in this process, and notes before each whether a page has been written."""

    description = "here"

    def __init__(self, page):
        self.page, self.seen = page, []

    def run(self, function, pieces, on_start=None):
        for number, piece in enumerate(pieces):
            self.seen.append(self.page.exists())
            yield number, Outcome(function(*piece), None)

    def __exit__(self, *error):
        pass


class Terminating(EngineHere):
    """Is sent SIGTERM after the first piece."""

    def run(self, function, pieces, on_start=None):
        for done in super().run(function, pieces, on_start):
            yield done
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize(("seconds", "seen"), [(0.0, [False, True]), (1e9, [False, False])])
def test_the_page_shows_what_has_ended_so_far_and_is_not_drawn_more_often_than_it_must(
    tmp_path, monkeypatch, seconds, seen
):
    monkeypatch.setattr(sys.modules[compare.__module__], "_SECONDS_BETWEEN_PAGES", seconds)
    engine = EngineHere(tmp_path / "table" / "comparison.md")
    places = (str(tmp_path / "runs"), str(tmp_path / "table"))
    compare("smoke", "NearestNeighbour,LinearSVM", *places, "command", print, engine=engine, progress=False)
    assert engine.seen == seen
    assert engine.page.exists()


def test_a_comparison_that_is_terminated_continues_with_the_same_command(tmp_path, monkeypatch, capsys):
    """The signal comes after the first of two trials."""
    page = tmp_path / "table" / "comparison.md"
    monkeypatch.setattr(sys.modules[compare.__module__], "open_engine", lambda: Terminating(page))
    assert main(command(tmp_path, learners="NearestNeighbour,LinearSVM")) == 143
    assert "Run the same command again" in capsys.readouterr().err
    (first,) = (tmp_path / "runs").rglob("results.csv")
    measured = first.stat().st_mtime_ns
    monkeypatch.undo()
    assert main(command(tmp_path, learners="NearestNeighbour,LinearSVM")) == 0
    assert len(list((tmp_path / "runs").rglob("results.csv"))) == 2
    assert first.stat().st_mtime_ns == measured


def test_the_table_has_every_learner_its_costs_and_what_others_report(compared):
    table = pd.read_csv(compared / "table" / "comparison.csv")
    own = table[table["source"] == "this run"]
    assert list(dict.fromkeys(own["learner"])) == QUICK.split(",")
    assert set(own["dataset"]) == {"mnist_5k", "random"}
    assert own["accuracy"].between(0, 1).all()
    assert (own["low"] <= own["accuracy"]).all()
    assert (own["milliseconds"] > 0).all()
    memory = own[own["learner"] == "FastWeightMemory"].iloc[0]
    assert (memory["seeds"], memory["steps"], memory["state_size"]) == (2, 2, 2 * 64 + 16**3)
    paper = table[(table["source"] == "paper") & (table["learner"] == "SGD")].set_index("dataset")
    assert paper.loc["mnist_5k", "accuracy"] == pytest.approx(0.7031)
    page = (compared / "table" / "comparison.md").read_text()
    assert "| FastWeightMemory |" in page
    assert "*70.3*" in page
    assert (compared / "table" / "comparison.png").stat().st_size > 10_000


def test_the_same_command_repeats_nothing(compared):
    def written():
        return {path: path.stat().st_mtime_ns for path in (compared / "runs").rglob("*.csv")}

    before, table = written(), pd.read_csv(compared / "table" / "comparison.csv")
    assert main(command(compared, "--seeds", "2")) == 0
    assert written() == before
    pd.testing.assert_frame_equal(pd.read_csv(compared / "table" / "comparison.csv"), table)


def test_a_learner_that_is_meta_tested_on_shorter_episodes_than_it_learned_from_is_in_the_table(tmp_path):
    assert main(command(tmp_path, learners="KernelSetTransformer")) == 0
    own = pd.read_csv(tmp_path / "table" / "comparison.csv")
    assert own["accuracy"].notna().all()
    assert "accuracy after 11 examples" in (tmp_path / "table" / "comparison.md").read_text()


@pytest.mark.parametrize("others", [["NearestNeighbour"], []])
def test_a_learner_that_fails_is_reported_and_the_rest_goes_on(tmp_path, capsys, others):
    # Where the run's folder should be lies a file.
    (folder,) = {c.folder for c in make_trials(SCALES["smoke"], ENTRIES, tmp_path / "runs", None, progress=False)
                 if c.entry.name == "MLP"}  # fmt: skip
    folder.parent.mkdir()
    folder.write_text("in the way")
    assert main(command(tmp_path, learners=",".join(["MLP", *others]))) == 2
    captured = capsys.readouterr()
    assert "MLP, seed 0 failed" in captured.err
    assert "run the same command again to retry the failed ones" in captured.err
    assert "| MLP | failed | failed |" in captured.out
    assert "- MLP: Cannot write to the folder" in captured.out
    table = pd.read_csv(tmp_path / "table" / "comparison.csv").set_index("learner")
    assert table.loc[others, "accuracy"].notna().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scale", "laptpo"], "Did you mean 'laptop'"),
        (["--learners", "LSMT"], "Did you mean 'LSTM'"),
        (["--learners", ","], "learners is empty"),
        (["--seeds", "0"], "--seeds must be at least 1"),
        (["--minutes", "0"], "--minutes must be above 0, not 0"),
        (["--episodes", "1"], "--episodes must be at least 2"),
        (["--datasets", "mnist_6k"], "mnist_5k"),
    ],
)
def test_mistakes_are_found_before_anything_is_run(arguments, message, tmp_path, capsys):
    assert main(command(tmp_path, *arguments)) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_two_learners_of_one_name_are_refused(tmp_path, capsys):
    (tmp_path / "LSTM.yaml").write_text("learner:\n  name: MLP\n")
    assert main(command(tmp_path, learners=f"LSTM,{tmp_path / 'LSTM.yaml'}")) == 2
    assert "Two learners of the comparison are named LSTM" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("size", "channels", "text"), [(14.0, 1.0, "14x14x1"), (math.nan, math.nan, "own size"), (14.0, math.nan, "14x14")]
)
def test_images_without_a_common_size_are_shown_as_such(size, channels, text):
    table = pd.DataFrame([{"learner": "LSTM", "source": "this run", "size": size, "channels": channels}])
    assert f"| LSTM | {text} |" in _costs_table(table)


OWN = """
import torch
from gpicl.learners import Learner


class Guess(Learner):
    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.bias = torch.nn.Parameter(torch.zeros(num_classes))

    def forward(self, inputs, labels):
        return self.bias.expand(*labels.shape, -1)

    def state_size(self, length=100):
        return 0
"""


def test_your_own_learners_take_part_by_import_path_and_by_yaml_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "my_guessing.py").write_text(OWN)
    (tmp_path / "small.yaml").write_text("learner:\n  name: MLP\n  options:\n    width: 8\n")
    monkeypatch.syspath_prepend(tmp_path)
    learners = f"NearestNeighbour,my_guessing.Guess,{tmp_path / 'small.yaml'}"
    assert main(command(tmp_path, learners=learners)) == 0
    table = pd.read_csv(tmp_path / "table" / "comparison.csv")
    assert list(dict.fromkeys(table["learner"])) == ["NearestNeighbour", "my_guessing.Guess", "small"]
    assert table["failure"].isna().all()
    for learners, message in (("nowhere.Guess", "Cannot import"), ("lost.yaml", "lost.yaml")):
        assert main(command(tmp_path, learners=learners)) == 2
        assert message in capsys.readouterr().err
