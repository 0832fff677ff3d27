"""An episode is a pure function of (seed, task id, draw), on every device."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gpicl.tasks import TaskAugmentor

WIDE = {
    "spectrum": 0.6,
    "invention": 0.35,
    "distraction": 0.3,
    "bending": 0.3,
    "noise": 0.3,
    "label_noise": 0.3,
}

kinds = pytest.mark.parametrize(
    ("num_tasks", "kind"), [(None, "seen"), (16, "seen"), (None, "unseen"), (16, "unseen"), (None, "identity")]
)


def same(a, b):
    return torch.equal(a.inputs, b.inputs) and torch.equal(a.labels, b.labels)


@kinds
@settings(max_examples=15)
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
def test_a_second_augmentor_makes_the_same_episodes(features, num_tasks, kind):
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
    monkeypatch.setattr("gpicl.tasks.augmentor._CHUNK_BYTES", {"cpu": 40_000, "cuda": 40_000})
    assert same(whole, tasks.episodes(range(50), kind))


def close(a, b, atol):
    """Labels are equal, inputs equal to rounding."""
    scale = a.inputs.square().mean((1, 2), keepdim=True).sqrt()
    return torch.equal(a.labels.cpu(), b.labels.cpu()) and bool(
        ((a.inputs.cpu() - b.inputs.cpu()).abs() / scale.cpu() < atol).all()
    )


@pytest.mark.parametrize("batch", [1, 7, 1000])
@pytest.mark.parametrize("widen", [{}, WIDE], ids=["plain", "widened"])
@kinds
def test_every_batch_size_and_chunking_makes_the_same_episodes(
    features, num_tasks, kind, widen, batch, device, monkeypatch
):
    """Widened inputs go through products of whole batches, whose last bits depend on the batch."""
    tasks = TaskAugmentor(features, num_tasks=num_tasks, length=20, widen=widen, device=device)
    whole = tasks.episodes(range(batch), kind)
    assert whole.inputs.isfinite().all()
    for first in sorted({0, batch // 2, batch - 1}):
        alone = tasks.episodes([first], kind)
        assert close(alone, _rows(whole, first), 1e-4)
    monkeypatch.setattr("gpicl.tasks.augmentor._CHUNK_BYTES", {"cpu": 2**20, "cuda": 2**20})
    assert close(whole, tasks.episodes(range(batch), kind), 1e-4)


def _rows(episodes, row):
    return type(episodes)(episodes.inputs[row : row + 1], episodes.labels[row : row + 1])


@pytest.mark.parametrize("widen", [{}, WIDE], ids=["plain", "widened"])
@kinds
def test_other_generators_and_devices_make_the_same_episodes(features, num_tasks, kind, widen, generator):
    made = TaskAugmentor(features, num_tasks=num_tasks, length=20, widen=widen, device=generator)
    here = made.episodes(range(40), kind)
    expected = _expected(features, num_tasks, kind, widen)
    assert close(expected, here, 1e-3)


def _expected(features, num_tasks, kind, widen):
    """The episodes that NumPy's generator makes on a CPU, made in a process state of their own."""
    from unittest import mock

    with mock.patch("gpicl.tasks.randomness._WITHOUT_NUMPY", False):
        return TaskAugmentor(features, num_tasks=num_tasks, length=20, widen=widen).episodes(range(40), kind)


@pytest.mark.parametrize("widen", [{}, WIDE], ids=["plain", "widened"])
def test_computing_all_rows_as_a_gpu_does_changes_nothing(features, widen, monkeypatch):
    """Elsewhere than on a CPU every row is widened and the coin chooses among them."""
    tasks = TaskAugmentor(features, length=20, widen=widen)
    expected = tasks.episodes(range(60))
    monkeypatch.setattr("gpicl.tasks.widenings.widening._chosen_rows_alone", lambda device: False)
    assert close(expected, tasks.episodes(range(60)), 1e-3)


def test_ids_and_draws_go_up_to_2_to_the_63(features):
    last = 2**63 - 1
    tasks = TaskAugmentor(features, num_tasks=2**63, length=20)
    assert not same(tasks.episodes_of([last], [last]), tasks.episodes_of([last - 1], [last]))
    assert not same(tasks.episodes_of([last], [last]), tasks.episodes_of([last], [last - 1]))
    assert tasks.episodes([last]).inputs.isfinite().all()


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
