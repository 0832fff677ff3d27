"""Classical models beside the learner: none sees the label of an example that it is judged by."""

import numpy as np
import pytest

from gpicl.classifier.classical_models import fit_classical_models


@pytest.fixture(scope="module")
def noise():
    random = np.random.default_rng(0)
    return random.normal(size=(60, 5)), random.permutation(np.arange(60) % 2)


def test_held_out_predictions_of_noise_are_no_better_than_chance(noise):
    features, classes = noise
    for model in fit_classical_models(features, classes, 2, 0):
        assert model.held_out.shape == (60, 2)
        np.testing.assert_allclose(model.held_out.sum(1), 1)
        assert (model.held_out.argmax(1) == classes).mean() < 0.75
    # A forest knows by heart what it has seen.
    forest = fit_classical_models(features, classes, 2, 0)[0]
    assert (forest.predict_proba(features).argmax(1) == classes).mean() > 0.95


@pytest.mark.parametrize("rows", [2, 3, 4])
def test_few_examples_are_enough(rows):
    features, classes = np.arange(2.0 * rows).reshape(rows, 2), np.arange(rows) % 2
    for model in fit_classical_models(features, classes, 3, 0):
        assert np.isfinite(model.held_out).all()
        np.testing.assert_allclose(model.predict_proba(features).sum(1), 1)
