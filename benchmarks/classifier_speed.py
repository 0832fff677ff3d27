"""How fast the classifier is, warm: `python benchmarks/classifier_speed.py`.

100 examples of 64 features in 10 classes: fit, one query, and 10,000 queries, for the default ensemble and for a
single member.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from gpicl import InContextClassifier

EXAMPLES, FEATURES, CLASSES, QUERIES = 100, 64, 10, 10_000


def median_milliseconds(work: Callable[[], object], repeats: int) -> float:
    """Median of several runs, the first two of which are not counted."""
    seconds = []
    for _ in range(repeats + 2):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return 1e3 * statistics.median(seconds[2:])


def main() -> None:
    """Time both ensembles; print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="mnist")
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    centres = random.normal(size=(CLASSES, FEATURES))
    y = np.arange(EXAMPLES) % CLASSES
    X = centres[y] + random.normal(size=(EXAMPLES, FEATURES))
    queries = random.normal(size=(QUERIES, FEATURES))
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, weights {options.weights}")
    print(f"{EXAMPLES} examples, {FEATURES} features, {CLASSES} classes; medians of {options.repeats}, warm")
    for members in (4, 1):
        classifier = InContextClassifier(options.weights, members)
        fit = median_milliseconds(lambda c=classifier: c.fit(X, y), options.repeats)
        one = median_milliseconds(lambda c=classifier: c.predict_proba(queries[:1]), 10 * options.repeats)
        many = median_milliseconds(lambda c=classifier: c.predict_proba(queries), 3)
        print(
            f"{members} members: fit {fit:6.1f} ms   one query {one:5.2f} ms   "
            f"{QUERIES:,} queries {1e3 * QUERIES / many:8,.0f} /s"
        )


if __name__ == "__main__":
    main()
