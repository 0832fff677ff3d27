"""Contexts that have been read."""

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
