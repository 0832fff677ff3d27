"""The classifier's latencies, beside a support-vector machine's."""

from typing import Any

import numpy as np
from sklearn.svm import SVC

from gpicl.bench.cases import CLASSES
from gpicl.bench.entries import Entry, measure_entries, times_as_fast
from gpicl.bench.flops import count_flops
from gpicl.bench.limits import Demand
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress, timed
from gpicl.classifier import InContextClassifier

_FEATURES = 64
# Repetitions a round of what takes milliseconds.
_TIMES = 10


def measure(setting: Setting, on_progress: Progress) -> Measured:
    """Time fitting, one query and many, warm: the default ensemble, a single member, and scikit-learn's SVC."""
    classifiers: dict[str, Any] = {
        "4 members": InContextClassifier(),
        "1 member": InContextClassifier(n_estimators=1),
        "SVC(C=10)": SVC(C=10.0),
    }
    entries = {name: _entries(name, classifier, setting) for name, classifier in classifiers.items()}
    every = [entry for of_one in entries.values() for entry in of_one]
    figures, samples = measure_entries("classifier", every, setting, on_progress, as_in_training=False)
    for ours, theirs in zip(entries["4 members"], entries["SVC(C=10)"], strict=True):
        what = ours.name.partition(", ")[2]
        figures.append(
            times_as_fast("classifier", f"4 members beside SVC, {what}", samples[ours.name], samples[theirs.name])
        )
    return Measured(figures, [])


def _entries(name: str, classifier: Any, setting: Setting) -> list[Entry]:
    random = np.random.default_rng(0)
    centres = random.normal(size=(CLASSES, _FEATURES))
    y = np.arange(setting.scale.examples) % CLASSES
    X = centres[y] + random.normal(size=(len(y), _FEATURES))
    queries = random.normal(size=(setting.scale.queries, _FEATURES))
    predict = getattr(classifier, "predict_proba", classifier.fit(X, y).predict)
    entries = []
    for what, work, times, count in (
        (f"fit {len(X)} rows", lambda: classifier.fit(X, y), _TIMES, 0),
        ("one query", lambda: predict(queries[:1]), _TIMES, 0),
        (f"{len(queries):,} queries", lambda: predict(queries), 1, len(queries)),
    ):
        # Ours computes in float64; what an SVC needs at least nobody has counted.
        demand = Demand({"fp64": count_flops(work)}) if isinstance(classifier, InContextClassifier) else None
        entries.append(Entry(f"{name}, {what}", timed(work, times), demand, count, "queries" if count else ""))
    return entries
