"""Label noise makes some labels of some seen tasks wrong, and nothing else."""

import pytest
import torch

from gpicl.tasks import Interventions, TaskAugmentor


def test_a_fifth_of_the_labels_of_noisy_tasks_are_replaced_on_average(features):
    plain = TaskAugmentor(features, length=50)
    noisy = TaskAugmentor(features, length=50, widen={"label_noise": 1.0})
    before, after = plain.episodes(range(200)), noisy.episodes(range(200))
    assert torch.equal(before.inputs, after.inputs)
    classes = len(features.classes)
    wrong = (before.labels != after.labels).float().mean().item()
    assert wrong == pytest.approx(0.2 * (1 - 1 / classes), abs=0.02)


@pytest.mark.parametrize("labels", [None, 2, 7])
def test_a_wrong_label_is_one_that_the_task_has(features, labels):
    plain = TaskAugmentor(features, length=50, num_classes=10)
    noisy = TaskAugmentor(features, length=50, num_classes=10, widen={"label_noise": 1.0})
    fewer = Interventions(num_classes=labels)
    before, after = (tasks.episodes(range(50), interventions=fewer).labels for tasks in (plain, noisy))
    for a, b in zip(before, after, strict=True):
        assert set(b.tolist()) <= set(a.tolist())
