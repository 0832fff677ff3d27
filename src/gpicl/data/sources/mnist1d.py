"""Signals of 40 numbers, which the package mnist1d computes."""

import random
from functools import lru_cache
from typing import Any

import numpy as np

from gpicl.data.sources.packaged import PackagedSource

# The signals are standardised and reach from -5.5 to 4.6, so that [-6, 6] cuts nothing off; one byte is then 0.047,
# less than the noise that was added to them.
_LOW, _HIGH = -6.0, 6.0


@lru_cache(maxsize=1)  # computing it takes a second, and every run asks for both splits
def _all() -> dict[str, Any]:
    from mnist1d.data import get_dataset_args, make_dataset

    # It seeds the global generators, on which the caller's own results may depend.
    python_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        return make_dataset(get_dataset_args())
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


def _read(split: str) -> tuple[np.ndarray, np.ndarray]:
    made, suffix = _all(), "" if split == "train" else "_test"
    scaled = (made[f"x{suffix}"] - _LOW) * (255 / (_HIGH - _LOW))
    images = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return images[:, None, :, None], made[f"y{suffix}"].astype(np.int64)


MNIST1D = PackagedSource(
    name="mnist1d",
    image_shape=(1, 40, 1),
    classes=tuple("0123456789"),
    num_train=4000,
    num_test=1000,
    origin="Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D; signals from -6..6 as bytes",
    licence="Apache-2.0",
    package="mnist1d",
    read=_read,
)
