"""Images of uniform noise, and the mean and standard deviation of such noise."""

import math

import numpy as np
from jaxtyping import UInt8

# Of a byte uniform in 0..255. The specimen's own would differ a little from those of what episodes draw.
UNIFORM_MEAN = 127.5
UNIFORM_STD = math.sqrt((256**2 - 1) / 12)


def uniform_images(count: int, height: int, width: int, channels: int) -> UInt8[np.ndarray, "N H W C"]:
    """Draw images whose every byte is uniform in 0..255, always the same ones for the same shape.

    WHY `RandomState`: NumPy promises that its streams never change, which it does not of `default_rng`.

    Args:
        count: Number of images.
        height: Their height.
        width: Their width.
        channels: Their channels.
    """
    return np.random.RandomState(0).randint(0, 256, (count, height, width, channels)).astype(np.uint8)
