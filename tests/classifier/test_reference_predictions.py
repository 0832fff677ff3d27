"""Predictions of the shipped weights, as they were when they were shipped.

`python tests/classifier/test_reference_predictions.py` renews them: when weights or preparation were changed on
purpose, and after a look at what the change does to accuracy.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris

from gpicl import InContextClassifier
from gpicl.weights import find_weights, load_card, shipped_weights

REFERENCES = Path(__file__).with_name("reference_predictions.json")
DATASETS = {"iris": load_iris, "breast_cancer": load_breast_cancer, "digits": load_digits}
EXAMPLES, QUERIES = 60, 6


def probabilities(weights: str, dataset: str) -> np.ndarray:
    X, y = DATASETS[dataset](return_X_y=True)
    order = np.random.RandomState(0).permutation(len(y))
    train, test = order[:EXAMPLES], order[EXAMPLES : EXAMPLES + QUERIES]
    return InContextClassifier(weights).fit(X[train], y[train]).predict_proba(X[test])


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("weights", shipped_weights())
def test_predictions_are_those_of_the_day_they_were_shipped(weights, dataset):
    expected = json.loads(REFERENCES.read_text())[weights]
    card = load_card(find_weights(weights))
    assert card["sha256"] == expected["sha256"], "other weights: renew the references with the command above"
    np.testing.assert_allclose(probabilities(weights, dataset), expected[dataset], atol=1e-4)


def test_there_are_references_for_all_weights():
    assert sorted(json.loads(REFERENCES.read_text())) == shipped_weights()


def renew() -> None:
    found = {
        weights: {
            "sha256": load_card(find_weights(weights))["sha256"],
            **{dataset: probabilities(weights, dataset).round(6).tolist() for dataset in DATASETS},
        }
        for weights in shipped_weights()
    }
    REFERENCES.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    renew()
