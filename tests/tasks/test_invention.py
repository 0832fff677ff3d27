"""Invented tasks are learnable, pure, and never what is meta-tested."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from gpicl.errors import TaskError
from gpicl.tasks import TaskAugmentor
from gpicl.tasks.invention import invent


def test_what_a_label_looks_like_can_be_learned_from_examples():
    right = []
    for task in range(40):
        labels = np.arange(120) % 4
        inputs = invent(labels, 4, np.random.default_rng(task), np.random.default_rng(1000 + task))
        assert np.square(inputs).mean() == pytest.approx(1, rel=1e-3)
        right.append(KNeighborsClassifier(5).fit(inputs[:80], labels[:80]).score(inputs[80:], labels[80:]))
    assert np.mean(right) > 0.5  # guessing is 0.25, and three clusters a class are hard for neighbours
    assert np.std(right) > 0.1  # some are easy, some are hard


def test_an_episode_is_still_a_pure_function_and_its_labels_are_as_they_were(features):
    plain = TaskAugmentor(features, length=20, num_tasks=8)
    invented = TaskAugmentor(features, length=20, num_tasks=8, invention_probability=0.5, variety_probability=0.5)
    batch = invented.episodes(range(10))
    assert torch.equal(plain.episodes(range(10)).labels, batch.labels)
    for n in range(10):
        assert torch.equal(invented.episodes([n]).inputs[0], batch.inputs[n])


def test_it_belongs_to_the_task_and_unseen_tasks_have_none_of_it(features):
    plain = TaskAugmentor(features, length=20)
    invented = TaskAugmentor(features, length=20, invention_probability=0.3)
    same = plain.episodes_of(range(500), [0] * 500).inputs == invented.episodes_of(range(500), [0] * 500).inputs
    assert 1 - same.flatten(1).all(1).float().mean().item() == pytest.approx(0.3, abs=0.07)
    assert torch.equal(plain.episodes(range(5), "unseen").inputs, invented.episodes(range(5), "unseen").inputs)


def test_an_impossible_probability_is_refused(features):
    with pytest.raises(TaskError, match="invention_probability"):
        TaskAugmentor(features, invention_probability=2.0)
