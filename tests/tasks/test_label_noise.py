"""Label noise makes some labels of some seen tasks wrong, and nothing else."""

import numpy as np
import pytest
import torch

from gpicl.errors import TaskError
from gpicl.tasks import TaskAugmentor


def test_a_fifth_of_the_labels_of_noisy_tasks_are_drawn_anew_on_average(features):
    plain = TaskAugmentor(features, length=50)
    noisy = TaskAugmentor(features, length=50, label_noise_probability=1.0)
    before, after = plain.episodes(range(200)), noisy.episodes(range(200))
    assert torch.equal(before.inputs, after.inputs)
    classes = len(features.classes)
    wrong = (before.labels != after.labels).float().mean().item()
    assert wrong == pytest.approx(0.2 * (1 - 1 / classes), abs=0.02)


def test_the_coin_belongs_to_the_task(features):
    plain = TaskAugmentor(features, length=50, num_tasks=1500)
    noisy = TaskAugmentor(features, length=50, num_tasks=1500, label_noise_probability=0.3)
    ids = list(range(1500))
    changed = [
        (plain.episodes_of(ids, [draw] * 1500).labels != noisy.episodes_of(ids, [draw] * 1500).labels).any(1)
        for draw in (0, 1)
    ]
    # 7 % of the rates are so small that none of 50 labels is wrong.
    assert np.mean(changed[0].numpy()) == pytest.approx(0.3 * 0.93, abs=0.04)
    # Were the coin the episode's it would be 0.42; a rate may be so small that one of two episodes has no wrong label.
    assert (changed[0] != changed[1]).float().mean() < 0.1


def test_unseen_tasks_have_none_and_episodes_are_pure(features):
    plain = TaskAugmentor(features, length=20)
    noisy = TaskAugmentor(features, length=20, label_noise_probability=1.0)
    assert torch.equal(plain.episodes(range(5), "unseen").labels, noisy.episodes(range(5), "unseen").labels)
    batch = noisy.episodes(range(5))
    for n in range(5):
        assert torch.equal(noisy.episodes([n]).labels[0], batch.labels[n])


def test_an_impossible_probability_is_refused(features):
    with pytest.raises(TaskError, match="label_noise_probability"):
        TaskAugmentor(features, label_noise_probability=2.0)
