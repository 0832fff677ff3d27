"""Labels may stand for several classes of the data set."""

import numpy as np
import pytest
import torch

from gpicl.data import FeatureDataset
from gpicl.errors import TaskError
from gpicl.tasks import Interventions, TaskAugmentor
from gpicl.tasks.randomness import Numbers, Stream
from gpicl.tasks.widenings.merging import Merging
from gpicl.tasks.widenings.widening import Setting


@pytest.fixture
def one_image_per_class():
    """Class c of 12 is one image, of which pixel c alone is bright: an unprojected input tells its class."""
    images = np.repeat(np.eye(12, dtype=np.uint8) * 255, 50, axis=0)
    return FeatureDataset.from_arrays(images, np.repeat(np.arange(12), 50))


def _classes_behind(tasks, draw, **interventions):
    """The classes that stand behind each label, found from which inputs of an episode are the same."""
    episodes = tasks.episodes([draw], "seen", Interventions(**interventions))
    distinct = torch.unique(episodes.inputs[0].mul(1e3).round(), dim=0, return_inverse=True)[1]
    return {int(label): len(set(distinct[episodes.labels[0] == label].tolist())) for label in episodes.labels[0]}


def _merged(dataset, num_classes, probability, draws):
    """Which of the fresh tasks are merged."""
    merging = Merging(probability, Setting(dataset, dataset.features.shape[1], num_classes))
    tasks = torch.arange(draws)
    return merging.chosen(Numbers(0, Stream.FRESH, tasks, tasks)).tolist()


def test_every_label_of_a_merged_task_has_as_many_classes(one_image_per_class):
    tasks = TaskAugmentor(one_image_per_class, length=200, num_classes=4, widen={"merging": 1.0})
    found = [set(_classes_behind(tasks, draw).values()) for draw in range(30)]
    assert all(len(numbers) == 1 for numbers in found)
    assert set.union(*found) == {2, 3}


def test_fewer_labels_are_merged_alike(one_image_per_class):
    tasks = TaskAugmentor(one_image_per_class, length=200, num_classes=4, widen={"merging": 1.0})
    for draw in range(10):
        behind = _classes_behind(tasks, draw, num_classes=2)
        assert set(behind) == {0, 1}
        assert set(behind.values()) <= {2, 3}


def test_noise_stays_within_the_labels(one_image_per_class):
    tasks = TaskAugmentor(one_image_per_class, length=100, num_classes=4, widen={"merging": 1.0, "label_noise": 1.0})
    assert set(tasks.episodes(range(20)).labels.flatten().tolist()) == {0, 1, 2, 3}


def test_tasks_that_are_not_merged_and_unseen_ones_stay_as_they_are(one_image_per_class):
    plain = TaskAugmentor(one_image_per_class, length=20, num_classes=4)
    merged = TaskAugmentor(one_image_per_class, length=20, num_classes=4, widen={"merging": 0.5})
    for draw, is_merged in enumerate(_merged(one_image_per_class, 4, 0.5, 20)):
        same = torch.equal(plain.episodes([draw]).inputs, merged.episodes([draw]).inputs)
        assert same != is_merged
        assert torch.equal(plain.episodes([draw], "unseen").inputs, merged.episodes([draw], "unseen").inputs)


def test_square_images_have_their_turns_merged_and_stay_as_they_are_in_other_tasks():
    corner = np.zeros((3, 4, 4, 1), dtype=np.uint8)
    for c in range(3):  # class c is one bright pixel of the first row, which turns take to the other three sides
        corner[c, 0, c] = 255
    images = FeatureDataset.from_arrays(
        np.repeat(corner.reshape(3, 16), 50, axis=0), np.repeat(np.arange(3), 50), image_shape=(4, 4, 1)
    )
    tasks = TaskAugmentor(images, length=200, widen={"merging": 0.5})
    assert len(Merging.pool(images).classes) == 12
    merged = _merged(images, 3, 0.5, 20)
    for draw, is_merged in enumerate(merged):
        numbers = set(_classes_behind(tasks, draw).values())
        assert len(numbers) == 1
        assert numbers <= ({2, 3} if is_merged else {1})
    plain = TaskAugmentor(images, length=200)
    alone = [n for n in range(20) if not merged[n]]
    assert torch.equal(tasks.episodes(alone).inputs, plain.episodes(alone).inputs)
    assert torch.equal(tasks.episodes(range(5), "unseen").inputs, plain.episodes(range(5), "unseen").inputs)


def test_too_few_classes_to_merge_are_refused(one_image_per_class):
    with pytest.raises(TaskError, match="two classes for each of the 12 labels"):
        TaskAugmentor(one_image_per_class, widen={"merging": 0.5})
