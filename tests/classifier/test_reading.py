"""Contexts that have been read."""

import pickle

import pytest
import torch

from gpicl.classifier.reading import ReadContexts
from gpicl.learners import KernelTransformer


@pytest.fixture
def contexts():
    torch.manual_seed(0)
    learner = KernelTransformer(4, 3, layers=1, width=16, class_width=8, heads=2).double()
    inputs, labels = torch.randn(5, 20, 4, dtype=torch.float64), torch.randint(3, (5, 20))
    return lambda budget: ReadContexts(learner, inputs, labels, budget)


def test_the_budget_decides_how_much_is_done_at_once_and_nothing_else(contexts):
    roomy, tight = contexts(2**30), contexts(1)
    assert roomy.answers_at_once > tight.answers_at_once == 1
    queries = torch.randn(5, 1, 4, dtype=torch.float64)
    torch.testing.assert_close(roomy.answer(queries), tight.answer(queries))
    torch.testing.assert_close(roomy.logits, tight.logits)


def test_twice_the_budget_is_twice_the_queries_until_the_cache_is_full(contexts):
    assert contexts(2**18).answers_at_once == pytest.approx(2 * contexts(2**17).answers_at_once, abs=1)
    assert contexts(2**30).answers_at_once == contexts(2**40).answers_at_once


def test_what_can_be_read_again_is_not_pickled(contexts):
    read = contexts(2**30)
    queries = torch.randn(5, 3, 4, dtype=torch.float64)
    again = pickle.loads(pickle.dumps(read))
    assert torch.equal(again.answer(queries), read.answer(queries))
    assert "_memories" not in read.__getstate__()


def test_it_answers_as_if_each_query_were_appended(contexts):
    read = contexts(2**30)
    queries = torch.randn(5, 2, 4, dtype=torch.float64)
    for i in range(2):
        inputs = torch.cat([read._inputs, queries[:, i : i + 1]], 1)
        labels = torch.cat([read._labels, read._labels[:, :1]], 1)
        with torch.no_grad():
            alone = read._learner(inputs, labels)[:, -1]
        torch.testing.assert_close(read.answer(queries)[:, i], alone, atol=1e-5, rtol=0)
