"""Meta-testing: a frozen learner and data sets in, one tidy table out."""

from gpicl.metatesting.evaluate import evaluate
from gpicl.metatesting.intervals import wilson_interval
from gpicl.metatesting.references import reference_table

__all__ = ["evaluate", "reference_table", "wilson_interval"]
