"""Handwritten digits of 8x8 pixels, which scikit-learn holds."""

import numpy as np

from gpicl.data.sources.packaged import PackagedSource
from gpicl.data.splits import split_rows


def _read(split: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    labels = bunch.target.astype(np.int64)
    rows = split_rows(labels, split)
    # The source counts ink from 0 to 16.
    images = np.rint(bunch.images[rows] * (255 / 16)).astype(np.uint8)
    return images[..., None], labels[rows]


DIGITS = PackagedSource(
    name="digits",
    image_shape=(8, 8, 1),
    classes=tuple("0123456789"),
    num_train=1438,
    num_test=359,
    origin="UCI, Optical Recognition of Handwritten Digits; split here 80/20 by class",
    licence="CC BY 4.0",
    package="sklearn",
    read=_read,
)
