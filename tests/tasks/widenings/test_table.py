"""Invented tables."""

import pytest
import torch
from sklearn.ensemble import ExtraTreesClassifier

from gpicl.tasks.randomness import Numbers, Stream
from gpicl.tasks.widenings.table import Table
from gpicl.tasks.widenings.widening import Batch, Setting


def table_like(batch, length, classes, seed=0):
    """Inputs before their projection, and labels."""
    tasks = torch.arange(batch)
    labels = torch.zeros(batch, length, dtype=torch.int64)
    plain = Batch(
        torch.zeros(batch, length, 256),
        labels,
        torch.ones(batch, classes, dtype=torch.bool),
        Numbers(seed, Stream.FRESH, tasks, tasks),
        labels,
        None,
    )
    widened = Table(1.0, Setting(None, 256, classes)).widen(plain)
    return widened.inputs, widened.labels


@pytest.mark.parametrize("length", [2, 6, 8, 10, 16, 32, 36, 48, 250])
def test_a_task_has_its_properties_at_every_length(monkeypatch, length):
    """A length that is also the number of columns, trees or classes changes nothing."""
    belongs_to = {}
    drawn = Numbers._drawn

    def noted(self, purpose, count, per, normal):
        belongs_to[purpose] = per
        return drawn(self, purpose, count, per, normal)

    monkeypatch.setattr(Numbers, "_drawn", noted)
    table_like(2, 31, 10)
    usual = dict(belongs_to)
    assert list(usual.values()).count("episode") == 6
    belongs_to.clear()
    table_like(2, length, 10)
    narrowed = belongs_to.keys() - usual.keys()  # a long table is wider than the inputs
    assert belongs_to == usual | dict.fromkeys(narrowed, "task")


@pytest.fixture(scope="module")
def episodes():
    return table_like(48, 100, 10)


def test_they_are_a_function_of_the_seed(episodes):
    again = table_like(48, 100, 10)
    others = table_like(48, 100, 10, seed=1)
    assert torch.equal(again[0], episodes[0])
    assert torch.equal(again[1], episodes[1])
    assert not torch.equal(others[1], episodes[1])


@pytest.mark.parametrize(("batch", "length", "classes"), [(1, 2, 2), (3, 30, 3), (2, 250, 12)])
def test_inputs_are_finite_and_of_mean_square_one_at_any_size(batch, length, classes):
    inputs, labels = table_like(batch, length, classes, seed=2)
    assert inputs.dtype == torch.float32
    assert inputs.shape[:2] == labels.shape == (batch, length)
    torch.testing.assert_close(inputs.square().mean((1, 2)), torch.ones(batch), atol=1e-3, rtol=0)
    assert labels.min() >= 0
    assert labels.max() < classes


def test_tasks_differ_in_classes_balance_and_columns(episodes):
    inputs, labels = episodes
    counts = torch.stack([torch.bincount(row, minlength=10) for row in labels])
    assert len(set((counts > 0).sum(1).tolist())) > 3
    shares = counts.amax(1) / labels.shape[1]
    assert shares.min() < 0.4
    assert shares.max() > 0.7
    assert len(set(inputs.square().sum(1).gt(0).sum(1).tolist())) > 10, "columns that a task does not have are zero"


def test_there_is_something_to_learn_but_not_everything(episodes):
    inputs, labels = (part.numpy() for part in episodes)
    right, guessed = [], []
    for X, y in zip(inputs, labels, strict=True):
        forest = ExtraTreesClassifier(30, random_state=0).fit(X[:70], y[:70])
        right.append(forest.score(X[70:], y[70:]))
        guessed.append((y[70:] == torch.from_numpy(y[:70]).mode().values.item()).mean())
    assert sum(guessed) / 48 + 0.05 < sum(right) / 48 < 0.8
