"""Contexts that have been read."""

import copy

import pytest
import torch

from gpicl.classifier.reading import ReadContexts
from gpicl.learners import KernelTransformer


@pytest.fixture
def contexts():
    return torch.randn(5, 20, 4, dtype=torch.float64), torch.randint(3, (5, 20))


@pytest.fixture
def learner():
    torch.manual_seed(0)
    return KernelTransformer(4, 3, layers=1, width=16, class_width=8, heads=2).double()


@pytest.fixture
def read(learner, contexts):
    return lambda budget: ReadContexts(learner, *contexts, budget)


def test_the_budget_decides_how_much_is_done_at_once_and_nothing_else(read):
    roomy, tight = read(2**30), read(1)
    assert roomy.answers_at_once > tight.answers_at_once == 1
    queries = torch.randn(5, 1, 4, dtype=torch.float64)
    torch.testing.assert_close(roomy.answer(queries), tight.answer(queries))
    torch.testing.assert_close(roomy.logits, tight.logits)


def test_twice_the_budget_is_twice_the_queries_until_the_cache_is_full(read):
    assert read(2**18).answers_at_once == pytest.approx(2 * read(2**17).answers_at_once, abs=1)
    assert read(2**30).answers_at_once == read(2**40).answers_at_once


def test_it_answers_as_if_each_query_were_appended(read, learner, contexts):
    inputs, labels = contexts
    queries = torch.randn(5, 2, 4, dtype=torch.float64)
    answers = read(2**30).answer(queries)
    for i in range(2):
        with torch.no_grad():
            alone = learner(torch.cat([inputs, queries[:, i : i + 1]], 1), torch.cat([labels, labels[:, :1]], 1))[:, -1]
        torch.testing.assert_close(answers[:, i], alone, atol=1e-5, rtol=0)


class _Hungry(KernelTransformer):
    """Runs out of memory above two members or three queries at once."""

    def encode_context(self, inputs, labels):
        if len(inputs) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().encode_context(inputs, labels)

    def query(self, memory, queries):
        if queries.shape[1] > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().query(memory, queries)


def test_out_of_memory_halves_the_chunks_and_changes_nothing(contexts, read):
    torch.manual_seed(0)
    hungry = _Hungry(4, 3, layers=1, width=16, class_width=8, heads=2).double()
    with pytest.warns(UserWarning, match="Out of memory with 5 members of the ensemble at once; continuing with 2"):
        tight = ReadContexts(hungry, *contexts, 2**30)
    queries = torch.randn(5, 6, 4, dtype=torch.float64)
    roomy = read(2**30)
    torch.testing.assert_close(roomy.logits, tight.logits)
    with pytest.warns(UserWarning, match="Out of memory with 6 queries at once; continuing with 3 at once"):
        torch.testing.assert_close(roomy.answer(queries), tight.answer(queries))
    assert tight.answers_at_once == 3, "what was too much is not tried again"


def test_a_learner_in_float32_answers_alike(contexts, learner, read):
    queries = torch.randn(5, 4, 4, dtype=torch.float64)
    exact = read(2**30)
    single = ReadContexts(copy.deepcopy(learner).float(), *contexts, 2**30)
    answers = single.answer(queries)
    assert answers.dtype == single.logits.dtype == torch.float64
    assert not torch.equal(answers, exact.answer(queries))
    torch.testing.assert_close(answers, exact.answer(queries), atol=1e-4, rtol=1e-4)
