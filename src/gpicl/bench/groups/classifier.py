"""The classifier's latencies."""

import numpy as np
from jaxtyping import Float64, Int64

from gpicl.bench.cases import CLASSES
from gpicl.bench.entries import Entry, measure_entries
from gpicl.bench.flops import count_flops
from gpicl.bench.limits import Demand
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress, timed
from gpicl.classifier import InContextClassifier

_FEATURES = 64
# Repetitions a round of what takes milliseconds.
_TIMES = 10


def measure(setting: Setting, on_progress: Progress) -> Measured:
    """Time fitting, one query and many, for the default ensemble and for a single member, warm."""
    X, y, queries = make_table(setting)
    entries = []
    for members in (4, 1):
        classifier = InContextClassifier(n_estimators=members).fit(X, y)
        name = f"{members} member{'s' * (members > 1)}"
        for what, work, count, times in (
            (f"fit {len(X)} rows", lambda c=classifier: c.fit(X, y), 0, _TIMES),
            ("one query", lambda c=classifier: c.predict_proba(queries[:1]), 0, _TIMES),
            (f"{len(queries):,} queries", lambda c=classifier: c.predict_proba(queries), len(queries), 1),
        ):
            # The classifier computes in float64.
            demand = Demand({"fp64": count_flops(work)})
            entries.append(Entry(f"{name}, {what}", timed(work, times), demand, count, "queries" if count else ""))
    figures, _ = measure_entries("classifier", entries, setting, on_progress)
    return Measured(figures, [])


def make_table(
    setting: Setting,
) -> tuple[Float64[np.ndarray, "N F"], Int64[np.ndarray, " N"], Float64[np.ndarray, "Q F"]]:
    """Draw rows around a centre for each class, and queries.

    Args:
        setting: Says how many.
    """
    random = np.random.default_rng(0)
    centres = random.normal(size=(CLASSES, _FEATURES))
    y = np.arange(setting.scale.examples) % CLASSES
    X = centres[y] + random.normal(size=(len(y), _FEATURES))
    return X, y, random.normal(size=(setting.scale.queries, _FEATURES))
