"""Variety changes what a task's inputs look like, never what its labels mean."""

import numpy as np
import pytest
import torch

from gpicl.errors import TaskError
from gpicl.tasks import TaskAugmentor
from gpicl.tasks.streams import Purpose
from gpicl.tasks.variety import Variety


def inputs_of(features, count: int = 12) -> torch.Tensor:
    return torch.from_numpy(features.normalised(np.arange(count)))


def test_a_task_keeps_its_changes_and_an_episode_its_own_noise(features):
    variety = Variety(features, 1.0, seed=0)
    inputs = inputs_of(features)
    once, again = (variety.vary(inputs, 3, 0, Purpose.TASK) for _ in range(2))
    other_draw, other_task = variety.vary(inputs, 3, 1, Purpose.TASK), variety.vary(inputs, 4, 0, Purpose.TASK)
    assert torch.equal(once, again)
    assert other_draw.shape == once.shape
    assert not torch.equal(other_draw, once)
    assert other_task.shape != once.shape or not torch.equal(other_task, once)


def test_each_change_has_its_probability(features):
    variety = Variety(features, 0.2, seed=0)
    inputs = inputs_of(features)
    unchanged = [variety.vary(inputs, i, 0, Purpose.FRESH_TASK) is None for i in range(1500)]
    assert np.mean(unchanged) == pytest.approx(0.8**3, abs=0.04)


@pytest.mark.parametrize("num_tasks", [None, 8])
def test_an_episode_is_still_a_pure_function(features, num_tasks):
    tasks = TaskAugmentor(features, num_tasks=num_tasks, length=20, variety_probability=0.5, spectrum_probability=0.5)
    batch = tasks.episodes(range(10))
    assert batch.inputs.isfinite().all()
    for n in range(10):
        assert torch.equal(tasks.episodes([n]).inputs[0], batch.inputs[n])


def test_labels_and_unseen_tasks_stay_as_they_are(features):
    plain = TaskAugmentor(features, length=20)
    varied = TaskAugmentor(features, length=20, variety_probability=1.0)
    assert torch.equal(plain.episodes(range(5)).labels, varied.episodes(range(5)).labels)
    assert not torch.equal(plain.episodes(range(5)).inputs, varied.episodes(range(5)).inputs)
    assert torch.equal(plain.episodes(range(5), "unseen").inputs, varied.episodes(range(5), "unseen").inputs)


def test_constant_inputs_give_finite_ones(features):
    variety = Variety(features, 1.0, seed=0)
    for task in range(20):
        assert variety.vary(torch.zeros(6, features.features.shape[1]), task, 0, Purpose.TASK).isfinite().all()


def test_an_impossible_probability_is_refused(features):
    with pytest.raises(TaskError, match="variety_probability"):
        TaskAugmentor(features, variety_probability=-0.1)
