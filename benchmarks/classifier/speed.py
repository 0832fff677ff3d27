"""Time `InContextClassifier` on tables of 20 columns and 3 classes, on one thread.

Run it as `python benchmarks/classifier/speed.py`. For other learners and GPUs see `gpicl bench`.
"""

import os
from statistics import median
from timeit import repeat

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported

from sklearn.datasets import make_classification

from gpicl import InContextClassifier
from gpicl.report import markdown_table
from gpicl.runtime import machine_description

FITS, QUERIES = 9, 51


def main() -> None:
    """Print a table with a row for each number of training rows and of members."""
    lines = [[str(rows), str(members), *times(rows, members)] for rows in (100, 500, 1000) for members in (4, 1)]
    print(markdown_table(["rows", "members", "fit", "one query"], lines))
    print(f"\nMedians of {FITS} fits and {QUERIES} queries. {machine_description()}, one thread.")


def times(rows: int, members: int) -> tuple[str, str]:
    """Median times of a fit and of a query, after a first one that is not counted."""
    X, y = make_classification(rows + 1, 20, n_informative=8, n_classes=3, random_state=0)
    classifier = InContextClassifier(n_estimators=members).fit(X[:-1], y[:-1])
    classifier.predict_proba(X[-1:])
    query = median(repeat(lambda: classifier.predict_proba(X[-1:]), number=1, repeat=QUERIES))
    fit = median(repeat(lambda: classifier.fit(X[:-1], y[:-1]), number=1, repeat=FITS))
    return f"{fit:.2f} s", f"{1000 * query:.1f} ms"


if __name__ == "__main__":
    main()
