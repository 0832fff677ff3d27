"""State sizes and parameters of the learners of the paper's table, as far as it says how large they were."""

import pandas as pd

from gpicl.learners import build_learner
from gpicl.metatesting import PAPER, reference_accuracies

# Images of 32x32x3, episodes of 100.
_FEATURES, _CLASSES, _LENGTH = 3072, 10, 100
_LEARNERS = {
    "LSTM": ("LSTM", {"hidden": 256}),
    "GPICL Transformer": ("TokenTransformer", {"layers": 4, "width": 256, "heads": 8, "key_size": 32}),
    "VSML": ("VSML", {}),
}


def published_sizes() -> pd.DataFrame:
    """The paper's accuracies with the sizes that its learners have when they are built here.

    Returns:
        One row per learner and data set: `learner` (our name), `dataset`, `accuracy`, `state_size`, `parameters`.
    """
    rows = []
    for published, (name, options) in _LEARNERS.items():
        learner = build_learner(name, _FEATURES, _CLASSES, **options)
        sizes = {"state_size": learner.state_size(_LENGTH), "parameters": learner.num_parameters}
        for dataset, accuracy in reference_accuracies(PAPER, published).items():
            rows.append({"learner": name, "dataset": dataset, "accuracy": accuracy, **sizes})
    return pd.DataFrame(rows)
