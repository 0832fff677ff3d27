"""An episode is a pure function of (seed, task id, draw)."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gpicl.tasks import TaskAugmentor

kinds = pytest.mark.parametrize(
    ("num_tasks", "kind"), [(None, "seen"), (16, "seen"), (None, "unseen"), (16, "unseen"), (None, "identity")]
)


def same(a, b):
    return torch.equal(a.inputs, b.inputs) and torch.equal(a.labels, b.labels)


@kinds
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_an_episode_is_the_same_alone_in_a_batch_and_in_any_order(features, num_tasks, kind, data):
    tasks = TaskAugmentor(features, num_tasks=num_tasks, length=20, seed=data.draw(st.integers(0, 2**64 - 1)))
    draws = data.draw(st.lists(st.integers(0, 2**50), min_size=1, max_size=8))
    batch = tasks.episodes(draws, kind)
    place = data.draw(st.integers(0, len(draws) - 1))
    alone = tasks.episodes([draws[place]], kind)
    assert torch.equal(alone.inputs[0], batch.inputs[place])
    assert torch.equal(alone.labels[0], batch.labels[place])


@kinds
def test_another_object_on_another_day_makes_the_same_episodes(features, num_tasks, kind):
    first = TaskAugmentor(features, num_tasks=num_tasks, length=20, seed=3).episodes(range(5), kind)
    other = TaskAugmentor(features, num_tasks=num_tasks, length=20, seed=3)
    other.episodes(range(100, 200), kind)
    assert same(first, other.episodes(range(5), kind))


@kinds
def test_the_number_of_threads_does_not_matter(features, num_tasks, kind):
    tasks = TaskAugmentor(features, num_tasks=num_tasks, length=20)
    made = []
    threads = torch.get_num_threads()
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            made.append(tasks.episodes(range(5), kind))
    finally:
        torch.set_num_threads(threads)
    assert same(made[0], made[1])
    assert same(made[0], made[2])


@kinds
def test_a_batch_that_is_made_in_several_chunks_is_the_same(features, num_tasks, kind, monkeypatch):
    tasks = TaskAugmentor(features, num_tasks=num_tasks, length=20)
    whole = tasks.episodes(range(50), kind)
    monkeypatch.setattr("gpicl.tasks.augmentor._CHUNK_BYTES", 40_000)
    assert same(whole, tasks.episodes(range(50), kind))


def test_a_callers_autocast_does_not_change_the_tasks(features):
    tasks = TaskAugmentor(features, length=20)
    plain = tasks.episodes(range(4), "unseen")
    with torch.autocast("cpu", torch.bfloat16):
        assert same(plain, tasks.episodes(range(4), "unseen"))


def test_the_global_random_state_is_neither_read_nor_moved(features):
    tasks = TaskAugmentor(features, length=20)
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = tasks.episodes(range(4))
    assert torch.equal(state, torch.get_rng_state())
    torch.manual_seed(1)
    assert same(first, tasks.episodes(range(4)))


def test_draws_seeds_and_kinds_differ_from_each_other(features):
    episodes = [
        TaskAugmentor(features, num_tasks=num_tasks, length=20, seed=seed).episodes([draw], kind).inputs
        for seed in (0, 1)
        for draw in (0, 1)
        for num_tasks, kind in ((None, "seen"), (None, "unseen"), (None, "identity"), (8, "seen"))
    ]
    assert len({e.sum().item() for e in episodes}) == len(episodes)
