"""A run is known by its configuration, the content of its data and the source of its learner."""

import shutil

import pytest

from gpicl.cli.main import main
from gpicl.data import Contents
from gpicl.metatraining.sources import learner_source
from gpicl.runs.results import test_key as key_of_test

LEARNER = """
import torch
from gpicl.learners import Learner
from {package}.parts import scale


class Mine(Learner):
    def __init__(self, num_features, num_classes, width: int = 4):
        super().__init__(num_features, num_classes)
        self.layer = torch.nn.Linear(num_features, num_classes)

    def forward(self, inputs, labels):
        return scale * self.layer(inputs)

    def state_size(self, length=100):
        return 0
"""


@pytest.fixture
def learner(tmp_path, monkeypatch):
    """The files of a learner of the user's own, in a package of a name that no other test uses."""
    package = f"mine_{abs(hash(str(tmp_path)))}"
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "parts.py").write_text("scale = 1.0\n")
    (folder / "model.py").write_text(LEARNER.format(package=package))
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def train(output, *options):
    settings = "--data.size 4 --tasks.length 8 --training.steps 2 --training.batch 2 --loop.progress false"
    return main(["train", *settings.split(), *map(str, options), "--test", "false", "--output", str(output)])


def test_the_same_data_by_another_path_are_the_same_run(tmp_path, patterns, capsys):
    assert train(tmp_path / "runs", "--data.dataset", patterns) == 0
    other = tmp_path / "other.npz"
    shutil.copy(patterns, other)
    for name in (other, f"mine={other}"):
        assert train(tmp_path / "runs", "--data.dataset", name) == 0
        assert "Finished before" in capsys.readouterr().err
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_a_replaced_file_is_another_run(tmp_path, patterns, capsys, write_patterns):
    assert train(tmp_path / "runs", "--data.dataset", patterns) == 0
    write_patterns(patterns, seed=1)
    capsys.readouterr()
    assert train(tmp_path / "runs", "--data.dataset", patterns) == 0
    assert "Starting" in capsys.readouterr().err
    assert len(list((tmp_path / "runs").iterdir())) == 2


@pytest.mark.parametrize("edited", ["model.py", "parts.py"])
def test_an_edited_learner_is_not_finished_before(tmp_path, learner, patterns, capsys, edited):
    command = ("--data.dataset", patterns, "--learner.name", f"{learner.name}.model.Mine")
    assert train(tmp_path / "runs", *command) == 0
    with (learner / edited).open("a") as file:
        file.write("\nother = 1\n")
    capsys.readouterr()
    assert train(tmp_path / "runs", *command) == 2
    error = capsys.readouterr().err
    assert "another version of" in error
    assert "--fresh true" in error
    assert train(tmp_path / "runs", *command, "--fresh", "true") == 0
    assert "Starting" in capsys.readouterr().err
    assert train(tmp_path / "runs", *command) == 0
    assert "Finished before" in capsys.readouterr().err


def test_an_edited_learner_of_the_package_itself_is_warned_of(tmp_path, patterns, capsys, monkeypatch):
    command = ("--data.dataset", patterns, "--learner.name", "MLP")
    assert train(tmp_path / "runs", *command) == 0
    monkeypatch.setattr("gpicl.metatraining.run.learner_source", lambda name: "another")
    assert train(tmp_path / "runs", *command) == 0
    assert "Warning: " in capsys.readouterr().err


def test_files_of_a_known_data_set_that_were_replaced_are_refused(tmp_path, capsys, write_patterns, monkeypatch):
    import numpy as np

    def write(seed):
        random = np.random.default_rng(seed)
        images, labels = random.integers(0, 256, (40, 28, 28), dtype=np.uint8), np.arange(40) % 10
        np.savez(root / "mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)

    root = tmp_path / "root"
    root.mkdir()
    write(0)
    command = ("--data.dataset", "mnist", "--data.root", root)
    assert train(tmp_path / "runs", *command) == 0
    write(1)
    assert train(tmp_path / "runs", *command) == 2
    assert "made from other data than mnist holds now" in capsys.readouterr().err


def test_a_learners_source_is_its_own_package_and_nothing_else(learner):
    import importlib

    name = f"{learner.name}.model.Mine"
    before = learner_source(name)
    importlib.import_module(f"{learner.name}.parts")
    (learner / "unrelated.py").write_text("x = 1\n")
    assert learner_source(name) == before
    code = (learner / "parts.py").read_text()
    (learner / "parts.py").write_text(f'"""Parts."""\n\n# Documented now.\n{code}')
    assert learner_source(name) == before, "comments and docstrings change nothing"
    (learner / "parts.py").write_text("scale = 2.0\n")
    assert learner_source(name) != before
    assert learner_source("MLP") != learner_source("LSTM")


def test_a_fresh_run_replaces_results_and_log(trained, patterns, quick, tmp_path):
    before = {path.name: path.stat().st_mtime_ns for path in trained.iterdir() if path.is_file()}
    command = ["train", "--data.dataset", str(patterns), "--testing.datasets", f"[p={patterns}]", *quick]
    assert main([*command, "--output", str(trained.parent), "--fresh", "true"]) == 0
    after = {path.name: path.stat().st_mtime_ns for path in trained.iterdir() if path.is_file()}
    for name in ("weights.json", "weights.safetensors", "metrics.csv", "results.csv", "report.html"):
        assert after[name] > before[name]


def test_other_episodes_from_the_same_seed_are_noticed(tmp_path, patterns, capsys, monkeypatch):
    assert train(tmp_path, "--data.dataset", patterns) == 0
    monkeypatch.setattr("gpicl.metatraining.run.EPISODES_VERSION", 10**6)
    assert train(tmp_path, "--data.dataset", patterns) == 0
    assert "makes other episodes from the same seed" in " ".join(capsys.readouterr().err.split())


def test_tests_of_other_episodes_are_other_tests(monkeypatch):
    contents = Contents("digest", "4x4x1", 16, 8)
    now = key_of_test("weights", None, contents)
    monkeypatch.setattr("gpicl.runs.results.EPISODES_VERSION", 10**6)
    assert key_of_test("weights", None, contents) != now
