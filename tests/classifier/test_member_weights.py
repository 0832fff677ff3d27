"""How members are combined."""

import numpy as np
import pytest

from gpicl.classifier.member_weights import Pool


@pytest.fixture
def draw():
    """Classes, and probabilities that are right about them: `[N, K]`."""

    def make(count=400, seed=0, sharpness=2.0, shares=(0.5, 0.5)):
        random = np.random.default_rng(seed)
        logits = sharpness * random.normal(size=(count, len(shares))) + np.log(shares)
        probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        classes = (random.uniform(size=(count, 1)) > probabilities.cumsum(1)).sum(1)
        return classes, probabilities

    return make


def log_loss(probabilities, classes):
    return -np.log(probabilities[np.arange(len(classes)), classes]).mean()


def power(probabilities, exponent):
    raised = probabilities**exponent
    return raised / raised.sum(1, keepdims=True)


def test_a_member_that_predicts_weighs_more_than_one_that_guesses(draw):
    classes, good = draw()
    guesses = np.random.default_rng(1).dirichlet([5, 5], len(classes))
    pool = Pool(np.stack([good, guesses]), classes)
    assert pool.weights[0] > 5 * pool.weights[1]


@pytest.mark.parametrize("exponent", [0.3, 3.0])
def test_probabilities_that_are_too_soft_or_too_sure_are_mended(draw, exponent):
    classes, right = draw()
    held_out = power(right, exponent)[None]
    queries, truth = draw(seed=5)
    mended = Pool(held_out, classes)(power(truth, exponent)[None])
    assert log_loss(mended, queries) < log_loss(power(truth, exponent), queries) - 0.03
    assert log_loss(mended, queries) == pytest.approx(log_loss(truth, queries), abs=0.03)


def test_a_rare_class_that_is_never_predicted_gets_its_share(draw):
    classes, right = draw(800, shares=(0.9, 0.1))
    shy = right * [1.0, 0.05]
    shy /= shy.sum(1, keepdims=True)
    mended = Pool(shy[None], classes)(shy[None])
    assert mended[:, 1].mean() == pytest.approx((classes == 1).mean(), abs=0.02)


def test_with_few_examples_members_count_alike():
    held_out = np.array([[[0.6, 0.4], [0.4, 0.6]], [[0.4, 0.6], [0.6, 0.4]]])
    pool = Pool(held_out, np.array([0, 1]))
    np.testing.assert_allclose(pool.weights, 0.5, atol=0.2)


def test_no_class_gets_probability_zero(draw):
    classes = np.zeros(20, np.int64)
    sure = np.tile([1.0, 0.0], (20, 1))
    found = Pool(sure[None], classes)(np.array([[[0.0, 1.0]]]))
    assert np.isfinite(np.log(found)).all()
