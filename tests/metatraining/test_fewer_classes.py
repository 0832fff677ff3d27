"""Meta-training on tasks whose number of classes varies."""

from dataclasses import replace

import pytest

from gpicl.errors import LearnerError, TaskError
from gpicl.learners import KernelSetTransformer
from gpicl.metatraining import LearnerConfig, TaskConfig, meta_train
from gpicl.metatraining.build import build_features
from gpicl.metatraining.data_module import EpisodeDataModule
from gpicl.tasks import TaskAugmentor

SMALL = {"layers": 1, "width": 8, "class_width": 4, "heads": 2, "queries": 4}


@pytest.fixture
def digits_run(config):
    tasks = replace(config.tasks, length=12, fewest_classes=2)
    return replace(config, learner=LearnerConfig("KernelSetTransformer", SMALL), tasks=tasks)


def test_every_number_of_classes_comes_up_and_a_step_has_always_the_same(digits_run):
    tasks = TaskAugmentor(build_features(digits_run.data, "train"), length=60)
    data = EpisodeDataModule(tasks, tasks, TaskConfig(fewest_classes=2), batch=4)
    most = [int(data.batch_of_step(step).labels.max()) + 1 for step in range(40)]
    assert set(most) == set(range(2, 11))
    assert most == [int(data.batch_of_step(step).labels.max()) + 1 for step in range(40)]


def test_a_learner_is_meta_trained_with_as_many_as_there_are(digits_run, tmp_path, monkeypatch):
    seen = set()
    training_logits = KernelSetTransformer.training_logits

    def listen(self, inputs, labels, step):
        seen.add(self.num_classes)
        return training_logits(self, inputs, labels, step)

    monkeypatch.setattr(KernelSetTransformer, "training_logits", listen)
    run, learner = meta_train(digits_run, tmp_path)
    assert run.finished
    assert learner.num_classes == 10
    assert len(seen) > 2


def test_a_learner_that_is_bound_to_its_classes_is_refused(digits_run, tmp_path):
    bound = replace(digits_run, learner=LearnerConfig("MLP"))
    with pytest.raises(LearnerError, match="fewest_classes needs a learner that reads any number"):
        meta_train(bound, tmp_path)


@pytest.mark.parametrize("fewest", [1, 11])
def test_numbers_that_cannot_be_are_refused(digits_run, tmp_path, fewest):
    impossible = replace(digits_run, tasks=replace(digits_run.tasks, fewest_classes=fewest))
    with pytest.raises(TaskError, match="from 2 to the number of classes, 10"):
        meta_train(impossible, tmp_path)
