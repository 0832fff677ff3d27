"""Split a data set into parts that share no example."""

from dataclasses import replace

import numpy as np
from jaxtyping import Int64

from gpicl.data.features import FeatureDataset

_SEED, _VALIDATION_SEED = 0, 1


def hold_out(dataset: FeatureDataset, fraction: float) -> tuple[FeatureDataset, FeatureDataset]:
    """Split examples into a training and a validation part, stratified by class and reproducible forever.

    Args:
        dataset: The training examples. If every episode draws its own examples, both parts are the whole data set.
        fraction: Fraction of every class to validate with, rounded, but at least one example of each class that has
            two. A class with a single example is in both parts. With 0 both parts are the whole data set.

    Returns:
        The training part and the validation part, normalised with the mean and standard deviation of the whole.
    """
    if not fraction or dataset.fresh_each_episode:
        return dataset, dataset
    random = np.random.RandomState(_VALIDATION_SEED)
    training, validation = [], []
    for label in np.unique(dataset.labels):
        rows = random.permutation(np.flatnonzero(dataset.labels == label))
        count = min(max(1, round(fraction * len(rows))), len(rows))
        validation.append(rows[:count])
        training.append(rows[count:] if count < len(rows) else rows)
    parts = (np.sort(np.concatenate(rows)) for rows in (training, validation))
    train, held_out = (replace(dataset, features=dataset.features[r], labels=dataset.labels[r]) for r in parts)
    return train, held_out


def split_rows(labels: Int64[np.ndarray, " N"], split: str, test_fraction: float = 0.2) -> Int64[np.ndarray, " M"]:
    """Choose the rows of one split, stratified by class and reproducible forever.

    The same fraction of every class, rounded, goes to `test`, and all other rows go to `train`. The permutation comes
    from `RandomState`, whose streams NumPy promises never to change, so results stay comparable between versions.

    Args:
        labels: Class of every row.
        split: `train` or `test`.
        test_fraction: Fraction of each class that goes to `test`.

    Returns:
        Row numbers in ascending order.
    """
    random = np.random.RandomState(_SEED)
    is_test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        is_test[rows[: round(test_fraction * len(rows))]] = True
    return np.flatnonzero(is_test if split == "test" else ~is_test)
