"""The learners that the demo can teach."""

from pathlib import Path

import pytest
import torch

from gpicl.demo.learners import demo_learners
from gpicl.errors import CheckpointError, UnknownNameError
from gpicl.learners import build_learner
from gpicl.weights import save_weights, shipped_weights


def test_all_shipped_learners_and_two_classical_ones():
    learners = demo_learners("mnist")
    assert next(iter(learners)) == "mnist"
    assert set(learners) == {*shipped_weights(), "NearestNeighbour", "LogisticRegression"}
    assert all(learner.about and learner.name == name for name, learner in learners.items())


def test_a_run_is_first_and_called_by_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    for name in ("mine", "mnist"):
        Path(name).mkdir()
        save_weights(build_learner("VSML", 4, 3), Path(name), meta_training={})
    learners = demo_learners("mine")
    first = 1 + len(shipped_weights())
    assert list(learners)[:first] == ["mine", *shipped_weights()]
    assert learners["mine"].about.startswith("VSML")
    assert list(demo_learners("./mnist"))[:first] == ["./mnist", *shipped_weights()]


def test_weights_that_are_not_there_are_refused_at_once(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'mnist'"):
        demo_learners("minst")
    with pytest.raises(CheckpointError, match="No weights"):
        demo_learners(tmp_path)
