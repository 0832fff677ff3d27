"""Runs that begin with the weights of others."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from gpicl.errors import CheckpointError, ConfigError, LearnerError, UnknownNameError
from gpicl.learners import build_learner
from gpicl.metatraining import LearnerConfig, Run, meta_train
from gpicl.metatraining.initial_weights import begin_with, with_learner_of_init
from gpicl.weights import load_weights


@pytest.fixture
def first(config, tmp_path):
    """A finished run."""
    return meta_train(config, tmp_path / "first")[0]


def test_a_run_begins_with_the_weights_it_is_given(config, first, tmp_path):
    config.init, config.learner = str(first.folder), LearnerConfig()
    config.training = replace(config.training, steps=1, learning_rate=1e-9, matrix_learning_rate=1e-9)
    run, learner = meta_train(config, tmp_path / "second")
    for name, tensor in load_weights(first.folder).state_dict().items():
        torch.testing.assert_close(learner.state_dict()[name], tensor, rtol=0, atol=1e-6)
    card = json.loads((run.folder / "weights.json").read_text())
    assert card["meta_training"]["init"] == str(first.folder)
    assert card["options"]["width"] == 16, "the learner is that of the weights"


def test_a_run_is_named_by_the_content_of_the_weights_it_begins_with(config, first, tmp_path):
    plain = Run(config, tmp_path).folder
    begun = Run(replace(config, init=str(first.folder)), tmp_path).folder
    assert begun != plain
    copy = shutil.copytree(first.folder, tmp_path / "copy")
    assert Run(replace(config, init=str(copy)), tmp_path).folder == begun


def test_weights_read_tasks_of_another_size_if_their_learner_does(tmp_path):
    learner = build_learner("VSML", 4, 3)
    begin_with(learner, _saved(tmp_path, build_learner("VSML", 9, 5)))
    with pytest.raises(LearnerError, match=r"of 9 features and 5 classes"):
        begin_with(build_learner("MLP", 4, 3), _saved(tmp_path, build_learner("MLP", 9, 5)))


def test_weights_of_another_learner_are_refused(config, first):
    with pytest.raises(LearnerError, match="are of ValueTransformer"):
        begin_with(build_learner("MLP", 16, 10), str(first.folder))
    with pytest.raises(UnknownNameError, match="mnist"):
        with_learner_of_init(replace(config, init="mnits", learner=LearnerConfig()))
    with pytest.raises(CheckpointError):
        Run(replace(config, init=str(first.folder / "nowhere")), "runs")


def _saved(folder, learner):
    from gpicl.weights import save_weights

    save_weights(learner, folder)
    return str(folder)


def test_a_configuration_that_is_no_plain_data_is_refused(config, tmp_path):
    config.learner.options["activation"] = torch.nn.ReLU()
    with pytest.raises(ConfigError, match="ReLU"):
        meta_train(config, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
