"""Meta-testing: a frozen learner and data sets in, a tidy table of results out."""

from gpicl.metatesting.classical import CLASSICAL, evaluate_classical, predict_classically
from gpicl.metatesting.evaluate import FIRST_DRAW, check_counts, evaluate
from gpicl.metatesting.intervals import accuracy_interval, accuracy_over_seeds, mean_interval, wilson_interval
from gpicl.metatesting.outcomes import (
    describe_outcomes,
    load_outcomes,
    paired_differences,
    save_outcomes,
    saved_positions,
)
from gpicl.metatesting.prediction_time import prediction_milliseconds
from gpicl.metatesting.references import EARLIER, PAPER, reference_accuracies, reference_name, reference_table

__all__ = [
    "CLASSICAL",
    "EARLIER",
    "FIRST_DRAW",
    "PAPER",
    "accuracy_interval",
    "accuracy_over_seeds",
    "check_counts",
    "describe_outcomes",
    "evaluate",
    "evaluate_classical",
    "load_outcomes",
    "mean_interval",
    "paired_differences",
    "predict_classically",
    "prediction_milliseconds",
    "reference_accuracies",
    "reference_name",
    "reference_table",
    "save_outcomes",
    "saved_positions",
    "wilson_interval",
]
