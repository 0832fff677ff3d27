"""Labels may stand for several classes of the data set."""

import numpy as np
import pytest
import torch

from gpicl.data import FeatureDataset
from gpicl.errors import TaskError
from gpicl.tasks import Interventions, TaskAugmentor
from gpicl.tasks.merging import Merging
from gpicl.tasks.streams import Purpose


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


def test_every_label_of_a_merged_task_has_as_many_classes(one_image_per_class):
    tasks = TaskAugmentor(one_image_per_class, length=200, num_classes=4, merging_probability=1.0)
    found = [set(_classes_behind(tasks, draw).values()) for draw in range(30)]
    assert all(len(numbers) == 1 for numbers in found)
    assert set.union(*found) == {2, 3}


def test_fewer_labels_are_merged_alike(one_image_per_class):
    tasks = TaskAugmentor(one_image_per_class, length=200, num_classes=4, merging_probability=1.0)
    for draw in range(10):
        behind = _classes_behind(tasks, draw, num_classes=2)
        assert set(behind) == {0, 1}
        assert set(behind.values()) <= {2, 3}


def test_noise_stays_within_the_labels(one_image_per_class):
    tasks = TaskAugmentor(
        one_image_per_class, length=100, num_classes=4, merging_probability=1.0, label_noise_probability=1.0
    )
    assert set(tasks.episodes(range(20)).labels.flatten().tolist()) == {0, 1, 2, 3}


def test_the_coin_decides_how_many_tasks_are_merged(one_image_per_class):
    merging = Merging(0.3, one_image_per_class, 4, seed=0)
    numbers = [merging.classes_per_label(Purpose.FRESH_TASK, task) for task in range(2000)]
    assert np.mean(np.equal(numbers, 1)) == pytest.approx(0.7, abs=0.04)
    assert set(numbers) == {1, 2, 3}


def test_tasks_that_are_not_merged_and_unseen_ones_stay_as_they_are(one_image_per_class):
    plain = TaskAugmentor(one_image_per_class, length=20, num_classes=4)
    merged = TaskAugmentor(one_image_per_class, length=20, num_classes=4, merging_probability=0.5)
    merging = Merging(0.5, one_image_per_class, 4, seed=0)
    for draw in range(20):
        same = torch.equal(plain.episodes([draw]).inputs, merged.episodes([draw]).inputs)
        assert same == (merging.classes_per_label(Purpose.FRESH_TASK, draw) == 1)
        assert torch.equal(plain.episodes([draw], "unseen").inputs, merged.episodes([draw], "unseen").inputs)


def test_square_images_have_their_turns_merged_and_stay_as_they_are_in_other_tasks():
    corner = np.zeros((3, 4, 4, 1), dtype=np.uint8)
    for c in range(3):  # class c is one bright pixel of the first row, which turns take to the other three sides
        corner[c, 0, c] = 255
    images = FeatureDataset.from_arrays(
        np.repeat(corner.reshape(3, 16), 50, axis=0), np.repeat(np.arange(3), 50), image_shape=(4, 4, 1)
    )
    tasks = TaskAugmentor(images, length=200, merging_probability=0.5)
    merging = Merging(0.5, images, 3, seed=0)
    assert len(merging.pool.classes) == 12
    for draw in range(20):
        number = merging.classes_per_label(Purpose.FRESH_TASK, draw)
        assert set(_classes_behind(tasks, draw).values()) == {number}
    plain = TaskAugmentor(images, length=200)
    alone = [n for n in range(20) if merging.classes_per_label(Purpose.FRESH_TASK, n) == 1]
    assert torch.equal(tasks.episodes(alone).inputs, plain.episodes(alone).inputs)
    assert torch.equal(tasks.episodes(range(5), "unseen").inputs, plain.episodes(range(5), "unseen").inputs)


def test_too_few_classes_to_merge_are_refused(one_image_per_class):
    with pytest.raises(TaskError, match="two classes for each of the 12 labels"):
        TaskAugmentor(one_image_per_class, merging_probability=0.5)
    with pytest.raises(TaskError, match="merging_probability"):
        TaskAugmentor(one_image_per_class, num_classes=4, merging_probability=-1.0)
