"""Early stopping, and the weights of the best measurement."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch

from gpicl.errors import ConfigError
from gpicl.metatraining import Run, TrainingConfig, meta_train
from gpicl.metatraining.choosing import Choosing
from gpicl.weights import load_weights

ACCURACIES = [0.3, 0.5, 0.4, 0.5, 0.6, 0.1]


@pytest.fixture
def measured(config, monkeypatch):
    """A run that is measured six times, with the accuracies above."""
    config.loop = replace(config.loop, validate_every=2)
    original = Choosing.on_validation_end

    def told(self, trainer, module):
        value = torch.tensor(ACCURACIES[trainer.global_step // 2 - 1])
        monkeypatch.setattr(
            type(trainer), "callback_metrics", property(lambda self: {"unseen_accuracy": value}), raising=False
        )
        original(self, trainer, module)

    monkeypatch.setattr(Choosing, "on_validation_end", told)
    return config


def card(run):
    return json.loads((run.folder / "weights.json").read_text())


@pytest.mark.parametrize(("patience", "steps", "best"), [(1, 6, 4), (2, 8, 4), (3, 12, 10)])
def test_training_ends_when_the_patience_does(measured, tmp_path, patience, steps, best):
    measured.training = replace(measured.training, patience=patience)
    run, _ = meta_train(measured, tmp_path)
    assert run.finished
    assert card(run)["steps"] == steps
    assert card(run)["best_step"] == best
    assert pd.read_csv(run.log)["step"].max() == steps


def test_the_best_weights_are_kept_also_over_an_interruption(measured, tmp_path):
    measured.training = replace(measured.training, best=True, decay="constant")
    run, learner = meta_train(measured, tmp_path / "best")
    assert (card(run)["best"], card(run)["best_step"]) == (pytest.approx(0.6), 10)
    stopped, _ = meta_train(measured, tmp_path / "last", max_steps=10)
    state = torch.load(stopped.checkpoint, weights_only=True)["state_dict"]
    for name, tensor in learner.state_dict().items():
        assert torch.equal(state[f"learner.{name}"], tensor)
    _, resumed = meta_train(measured, tmp_path / "last")
    for name, tensor in learner.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor)


def test_the_best_weights_are_kept_beside_the_last(measured, tmp_path):
    run, _ = meta_train(measured, tmp_path / "whole")
    stopped, _ = meta_train(measured, tmp_path / "stopped", max_steps=10)
    state = torch.load(stopped.checkpoint, weights_only=True)["state_dict"]
    for name, tensor in load_weights(run.folder / "best").state_dict().items():
        assert torch.equal(state[f"learner.{name}"], tensor), name


def test_what_is_chosen_by_is_part_of_the_runs_name(config, tmp_path):
    names = {Run(config, tmp_path).folder}
    for changes in ({"patience": 3}, {"best": True}, {"best": True, "metric": "unseen_loss"}):
        chosen = replace(config, training=replace(config.training, **changes))
        names |= {
            Run(chosen, tmp_path).folder,
            Run(replace(chosen, loop=replace(chosen.loop, validate_every=3)), tmp_path).folder,
        }
    assert len(names) == 7


def test_no_patience_is_refused():
    with pytest.raises(ConfigError, match="patience must be at least 1"):
        TrainingConfig(patience=0)
