"""Runs that begin with the weights of others."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from gpicl.errors import CheckpointError, ConfigError, LearnerError, UnknownNameError
from gpicl.learners import build_learner, learner_class
from gpicl.metatraining import EpisodeDataModule, LearnerConfig, Run, TrainingConfig, meta_train
from gpicl.metatraining.initial_weights import begin_with, with_first_step_of_init, with_learner_of_init
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
    with pytest.raises(LearnerError, match=r"have 9 features and 5 classes"):
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


def test_a_configuration_that_is_not_plain_data_is_refused(config, tmp_path):
    config.learner.options["activation"] = torch.nn.ReLU()
    with pytest.raises(ConfigError, match="ReLU"):
        meta_train(config, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def draws_of(monkeypatch):
    """Note the draws of every step that is taken from now on."""
    draws, make = [], EpisodeDataModule.batch_of_step

    def noted(self, step, rank=0, world_size=1):
        draws.append(range(step * self.batch, (step + 1) * self.batch))
        return make(self, step, rank, world_size)

    monkeypatch.setattr(EpisodeDataModule, "batch_of_step", noted)
    return draws


@pytest.mark.parametrize("batch", [4, 6, 100])
def test_more_steps_of_a_finished_run_see_none_of_its_episodes_again(config, tmp_path, monkeypatch, batch):
    first, _ = meta_train(config, tmp_path / "first")  # 12 steps of 4 episodes
    training = replace(config.training, first_step="init", batch=batch, steps=3)
    more = replace(config, init=str(first.folder), training=training)
    draws = draws_of(monkeypatch)
    second, _ = meta_train(more, tmp_path / "second")
    assert draws[0].start >= 48
    assert draws[0].start - 48 < batch, "and leave none out but to begin with a whole step"
    assert [d.start for d in draws[1:3]] == [draws[0].stop, draws[1].stop]
    assert second.config.training.first_step == draws[0].start // batch
    # Once more: the steps go on to be counted from the first run's first one.
    last = replace(more, init=str(second.folder))
    draws.clear()
    meta_train(last, tmp_path / "third")
    assert draws[0].start == (second.config.training.first_step + 3) * batch


def test_annealing_is_not_continued_with_another_batch(config, tmp_path):
    config.tasks = replace(config.tasks, permutation_probability=0.1, anneal_steps=20)
    first, _ = meta_train(config, tmp_path / "first")
    more = replace(config, init=str(first.folder), training=replace(config.training, first_step="init", steps=3))
    assert Run(more, tmp_path).config.training.first_step == 12
    with pytest.raises(ConfigError, match=r"the batch was 4 and is now 8\. Keep training.batch, or set"):
        Run(replace(more, training=replace(more.training, batch=8)), tmp_path)


@pytest.mark.parametrize("capture", [False, True])
def test_the_first_step_counts_for_everything_that_follows_from_a_steps_number(config, tmp_path, monkeypatch, capture):
    """Episodes, their interventions and numbers of classes, sampled positions, the seed of dropout."""
    noted, kind = [], learner_class("KernelTransformer")
    read = kind.training_logits

    def note(self, inputs, labels, step):
        noted.append((step, inputs.sum().item(), labels.tolist(), self.num_classes, torch.initial_seed()))
        return read(self, inputs, labels, step)

    monkeypatch.setattr(kind, "training_logits", note)
    config.learner = LearnerConfig("KernelTransformer", {"layers": 1, "width": 8})
    config.tasks = replace(
        config.tasks, fewest_classes=3, permutation_probability=0.1, repetition_probability=0.5, anneal_steps=6
    )
    config.loop = replace(config.loop, capture=capture, validate_every=100)
    config.training = replace(config.training, steps=4)
    meta_train(config, tmp_path)
    whole = noted.copy()
    noted.clear()
    config.training = replace(config.training, steps=2, first_step=2)
    meta_train(config, tmp_path)
    assert [step for step, *_ in whole] == [0, 1, 2, 3]
    assert noted == whole[2:]


def test_a_first_step_is_part_of_the_name_and_resumes_to_the_bit(config, tmp_path):
    plain = Run(config, tmp_path).folder
    config.training = replace(config.training, first_step=7)
    assert Run(config, tmp_path).folder != plain
    whole, _ = meta_train(config, tmp_path / "whole")
    meta_train(config, tmp_path / "parts", max_steps=5)
    parts, _ = meta_train(config, tmp_path / "parts")
    assert (parts.folder / "weights.safetensors").read_bytes() == (whole.folder / "weights.safetensors").read_bytes()


def test_first_step_init_is_refused_if_the_weights_record_no_steps(config, tmp_path):
    config.training.first_step = "init"
    with pytest.raises(ConfigError, match=r"this run has none.*--init"):
        Run(config, tmp_path)
    saved = _saved(tmp_path, build_learner("MLP", 16, 10))
    with pytest.raises(ConfigError, match=r"the number of steps.*Give a number"):
        with_first_step_of_init(replace(config, init=saved))
    with pytest.raises(ConfigError, match="Give a number"):
        assert TrainingConfig(first_step="init").first_number
