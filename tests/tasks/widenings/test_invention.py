"""Invented tasks can be learned from their examples, and need no data set."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from gpicl.errors import TaskError
from gpicl.tasks import Interventions, TaskAugmentor


def invented(**options):
    options = {"probability": 1.0, **options}
    return TaskAugmentor(None, length=120, num_features=64, num_classes=4, widen={"invention": options})


@pytest.mark.parametrize("options", [{}, {"functions": 1.0}, {"functions": 0.0, "layers": 1, "activations": 3}])
def test_what_a_label_looks_like_can_be_learned_from_examples(options):
    inputs, labels = (part.numpy() for part in invented(**options).episodes(range(60)))
    right = [
        KNeighborsClassifier(5).fit(x[:80], y[:80]).score(x[80:], y[80:]) for x, y in zip(inputs, labels, strict=True)
    ]
    assert np.mean(right) > 0.4  # guessing is 0.25; some classes are four clusters, some inputs mostly noise
    assert np.std(right) > 0.1  # some tasks are easy, some are hard


def test_every_option_changes_the_tasks():
    base = invented().episodes(range(20)).inputs
    for option in ({"layers": 1}, {"clusters": 1}, {"functions": 0.0}, {"noise": 0.0}, {"activations": 1}):
        assert not torch.equal(invented(**option).episodes(range(20)).inputs, base), option


def test_inputs_have_a_mean_square_of_about_one():
    assert invented(noise=0.0).episodes(range(300)).inputs.square().mean().item() == pytest.approx(1, rel=0.1)


def test_labels_by_a_function_use_all_labels_and_no_others(features):
    tasks = TaskAugmentor(
        features, length=100, num_classes=10, widen={"invention": {"probability": 1.0, "functions": 1.0}}
    )
    labels = tasks.episodes(range(40)).labels
    assert len(labels.unique()) == 10
    assert all(len(row.unique()) <= 4 for row in labels), "no label that the task does not have"


@pytest.mark.parametrize("kind", ["seen", "unseen"])
def test_without_a_data_set_all_tasks_are_invented_and_seen_and_unseen_ones_differ(kind):
    episodes = invented().episodes(range(8), kind)
    assert episodes.inputs.shape == (8, 120, 64)
    assert episodes.inputs.isfinite().all()
    assert episodes.inputs.std(1).min() > 0
    assert not torch.equal(invented().episodes([0], "seen").inputs, invented().episodes([0], "unseen").inputs)


def test_without_a_data_set_what_is_missing_is_named():
    with pytest.raises(TaskError, match=r"tasks\.num_features and tasks\.num_classes"):
        TaskAugmentor(None, widen={"invention": 1.0})
    with pytest.raises(TaskError, match="`invention` to 1"):
        TaskAugmentor(None, num_features=8, num_classes=2)
    for too_low in (0.0, 0.5, {"probability": 0.5}):  # some tasks would have no inputs at all
        with pytest.raises(TaskError, match="`invention` to 1"):
            TaskAugmentor(None, num_features=8, num_classes=2, widen={"invention": too_low})
    with pytest.raises(TaskError, match="spectrum changes the examples of a data set"):
        TaskAugmentor(None, num_features=8, num_classes=2, widen={"invention": 1.0, "spectrum": 0.5})
    with pytest.raises(TaskError, match="identity"):
        invented().episodes([0], "identity")


@pytest.mark.parametrize(
    "option", [{"layers": 0}, {"clusters": 0}, {"activations": 6}, {"functions": 2.0}, {"noise": -1.0}]
)
def test_impossible_options_are_refused(option):
    with pytest.raises(TaskError, match=next(iter(option))):
        invented(**option)


def test_more_labels_at_a_step_than_the_tasks_have_are_all_of_them():
    labels = (
        TaskAugmentor(None, length=50, num_features=8, num_classes=3, widen={"invention": 1.0})
        .episodes(range(20), interventions=Interventions(num_classes=9))
        .labels
    )
    assert set(labels.unique().tolist()) == {0, 1, 2}
