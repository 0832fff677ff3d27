"""The "random" data set of the paper: ten images of noise, drawn anew for every episode."""

import numpy as np

from gpicl.data.sources.packaged import PackagedSource
from gpicl.data.uniform_noise import uniform_images


def _read(split: str) -> tuple[np.ndarray, np.ndarray]:
    # Both splits show the same specimen: it is the episodes that differ.
    return uniform_images(10, 32, 32, 1), np.arange(10)


RANDOM = PackagedSource(
    name="random",
    image_shape=(32, 32, 1),
    classes=tuple("0123456789"),
    num_train=10,
    num_test=10,
    origin="10 images of uniform noise, image k of class k, fresh in every episode",
    licence="none needed",
    read=_read,
    fresh_each_episode=True,
)
