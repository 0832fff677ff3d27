"""Random numbers are a pure function of (seed, purpose, id, counter), the same on every device."""

import hashlib
import sys
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gpicl.tasks import philox
from gpicl.tasks.randomness import Numbers, Stream, as_ids, quantiles

CPU = torch.device("cpu")
ids = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=6)


def numbers_of(tasks, draws=None, seed=0, stream=Stream.FRESH, device="cpu"):
    tasks = as_ids(tasks, torch.device(device))
    return Numbers(seed, stream, tasks, tasks if draws is None else as_ids(draws, torch.device(device)))


def test_the_words_are_those_of_numpys_philox(generator):
    drawn = numbers_of([3, 2**63 - 1], [0, 9], seed=2**64 - 1, device=generator).words("x", 11, "episode").cpu()
    key = np.array([2**64 - 1, int.from_bytes(_digest("x"), "little")], dtype=np.uint64)
    for row, (task, draw) in enumerate([(3, 0), (2**63 - 1, 9)]):
        counter = np.array([0, task, draw + 1, Stream.FRESH], dtype=np.uint64)
        expected = np.random.Philox(key=key, counter=counter).random_raw(11)
        np.testing.assert_array_equal(drawn[row].numpy().view(np.uint64), expected)


def _digest(purpose):
    return hashlib.blake2b(purpose.encode(), digest_size=8).digest()


@given(st.integers(0, 2**64 - 1), st.sampled_from(Stream), ids, st.integers(1, 40))
def test_operations_on_tensors_give_the_words_of_numpy(seed, stream, tasks, count):
    here = numbers_of(tasks, seed=seed, stream=stream)
    draws = here.draws + 1
    key = (seed, int.from_bytes(_digest("y"), "little"))
    other = philox.draw_with_tensors(key, here.tasks, draws, int(stream), count)
    assert torch.equal(other, here.words("y", count, "episode"))


@pytest.fixture
def without_compiler(monkeypatch):
    """Triton is installed, but its kernel cannot be compiled."""

    def fail(*arguments):
        raise RuntimeError("Failed to find C compiler. Please specify via CC environment variable.")

    broken = ModuleType("gpicl.tasks.philox_triton")
    broken.draw = fail
    monkeypatch.setattr(philox, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "gpicl.tasks.philox_triton", broken)
    monkeypatch.setattr("gpicl.tasks.philox_triton", broken, raising=False)
    philox._kernel.cache_clear()
    yield
    philox._kernel.cache_clear()


def test_a_gpu_without_a_compiler_draws_with_tensors_and_says_so_once(without_compiler):
    with pytest.warns(UserWarning, match=r"without Triton.*Failed to find C compiler.*apt install gcc python3-dev"):
        assert philox._kernel() is None
    assert philox._kernel() is None


@given(ids, st.data())
def test_a_row_is_the_same_alone_and_in_any_batch(tasks, data):
    batch = numbers_of(tasks)
    place = data.draw(st.integers(0, len(tasks) - 1))
    alone = numbers_of([tasks[place]])
    assert torch.equal(alone.words("z", 9)[0], batch.words("z", 9)[place])
    assert torch.equal(alone.normals("z", 7, 3)[0], batch.normals("z", 7, 3)[place])
    assert torch.equal(alone.uniforms("z", 5)[0], batch.uniforms("z", 5)[place])


def test_large_batches_that_threads_share_have_the_same_numbers(generator):
    many = numbers_of(range(300), device=generator).normals("matrix", 30, 40)
    for row in (0, 1, 150, 299):
        assert torch.equal(numbers_of([row], device=generator).normals("matrix", 30, 40)[0], many[row])


def test_more_numbers_begin_with_the_same(generator):
    drawn = numbers_of([5], device=generator)
    assert torch.equal(drawn.words("a", 40)[:, :7], drawn.words("a", 7))
    assert torch.equal(drawn.normals("a", 41)[:, :7], drawn.normals("a", 7))


def test_seeds_purposes_ids_draws_and_streams_have_numbers_of_their_own(generator):
    sets = [
        numbers_of([task], [draw], seed, stream, generator).words(purpose, 4, "episode").cpu()
        for task in (0, 1, 2**40)
        for draw in (0, 1)
        for seed in (0, 1, 2**63)
        for stream in Stream
        for purpose in ("a", "b")
    ]
    assert len(torch.stack(sets).flatten().unique()) == 4 * len(sets)


def test_what_belongs_to_a_task_does_not_depend_on_the_draw():
    one, other = numbers_of([4], [0]), numbers_of([4], [1])
    assert torch.equal(one.words("a", 3), other.words("a", 3))
    assert not torch.equal(one.words("a", 3, "episode"), other.words("a", 3, "episode"))


def test_uniforms_are_uniform(generator):
    sample = numbers_of(range(200), device=generator).uniforms("u", 501).cpu().numpy()
    assert sample.min() >= 0
    assert sample.max() < 1
    assert stats.kstest(sample.flatten(), "uniform").pvalue > 1e-3
    assert np.abs(np.corrcoef(sample) - np.eye(200)).max() < 5.5 / np.sqrt(501), "ids are independent"
    assert np.abs(np.corrcoef(sample.T[:200]) - np.eye(200)).max() < 5.5 / np.sqrt(200), "so are counters"


def test_normals_are_normal(generator):
    sample = numbers_of(range(100), device=generator).normals("n", 50, 40).cpu().numpy()
    assert stats.kstest(sample.flatten(), "norm").pvalue > 1e-3
    count = sample.size
    for power, moment, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert (sample.astype(float) ** power).mean() == pytest.approx(moment, abs=4 * np.sqrt(spread / count))
    of_ids = sample.reshape(100, -1)
    assert np.abs(np.corrcoef(of_ids) - np.eye(100)).max() < 5 / np.sqrt(2000)


def test_normals_of_other_purposes_are_independent():
    drawn = numbers_of(range(20))
    a, b = drawn.normals("a", 2000).numpy(), drawn.normals("b", 2000).numpy()
    assert np.abs(np.corrcoef(a, b) - np.eye(40)).max() < 5 / np.sqrt(2000)


def test_the_quantiles_are_symmetric_and_of_variance_one():
    table = quantiles().astype(np.float64)
    assert (table == -table[::-1]).all()
    assert np.square(table).mean() == pytest.approx(1, abs=1e-6)
    assert (table**4).mean() == pytest.approx(3, abs=5e-4)


@pytest.mark.parametrize("below", [1, 2, 7, 60_000])
def test_integers_are_uniform(below, generator):
    sample = numbers_of(range(100), device=generator).integers(below, "i", 300).cpu().flatten()
    assert sample.min() >= 0
    assert sample.max() < below
    if 1 < below < 100:
        assert stats.chisquare(torch.bincount(sample, minlength=below)).pvalue > 1e-3


def test_permutations_are_uniform(generator):
    drawn = numbers_of(range(2000), device=generator).permutations("p", 4).cpu()
    assert (drawn.sort(1).values == torch.arange(4)).all()
    orders = (drawn * torch.tensor([64, 16, 4, 1])).sum(1).unique(return_counts=True)[1]
    assert len(orders) == 24
    assert stats.chisquare(orders).pvalue > 1e-3


def test_coins_fall_as_often_as_their_probability_and_only_ever_turn_to_heads(generator):
    drawn = numbers_of(range(4000), device=generator)
    heads = [drawn.coins("c", p).cpu() for p in (0.0, 0.1, 0.5, 1.0)]
    for tossed, p in zip(heads, (0.0, 0.1, 0.5, 1.0), strict=True):
        assert tossed.float().mean().item() == pytest.approx(p, abs=0.03)
    assert all((later | ~earlier).all() for earlier, later in pairwise(heads))


def test_a_range_of_ids_and_a_list_of_them_are_the_same():
    assert torch.equal(as_ids(range(2**40, 2**40 + 5), CPU), as_ids(list(range(2**40, 2**40 + 5)), CPU))
