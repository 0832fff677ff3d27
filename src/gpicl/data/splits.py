"""Train and test parts of a source that has none."""

import numpy as np
from jaxtyping import Int64

_SEED = 0


def split_rows(labels: Int64[np.ndarray, " N"], split: str, test_fraction: float = 0.2) -> Int64[np.ndarray, " M"]:
    """Choose the rows of one split: stratified by class, and the same for ever.

    Every class gives the same fraction of its rows, rounded, to `test`; the two splits share no row and leave none
    out. The permutation comes from `RandomState`, whose streams NumPy promises never to change: results of today can
    be compared with those of any later version.

    Args:
        labels: Class of every row.
        split: `train` or `test`.
        test_fraction: Fraction of each class that is `test`.

    Returns:
        Row numbers in ascending order.
    """
    random = np.random.RandomState(_SEED)
    is_test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        is_test[rows[: round(test_fraction * len(rows))]] = True
    return np.flatnonzero(is_test if split == "test" else ~is_test)
