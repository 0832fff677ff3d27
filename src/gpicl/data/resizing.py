"""Images of one size in, images of another out."""

import numpy as np
from jaxtyping import Float32, UInt8

_CHUNK = 4096


def resize_images(images: UInt8[np.ndarray, "N H W C"], height: int, width: int) -> UInt8[np.ndarray, "N h w C"]:
    """Resize images, each axis by one matrix product.

    An axis is made shorter by the exact mean over the area that a new pixel covers, so nothing is skipped (no
    aliasing), and longer by linear interpolation.

    WHY not Pillow: 60,000 images are two matrix products per chunk here and 60,000 Python calls there.

    Args:
        images: The images.
        height: New height.
        width: New width.
    """
    count, old_height, old_width, channels = images.shape
    if (old_height, old_width) == (height, width):
        return images
    rows, columns = _weights(old_height, height), _weights(old_width, width)
    resized = np.empty((count, height, width, channels), np.uint8)
    for first in range(0, count, _CHUNK):
        part = images[first : first + _CHUNK].astype(np.float32)
        part = np.matmul(rows, part.reshape(len(part), old_height, old_width * channels))
        part = np.matmul(columns, part.reshape(-1, old_width, channels))
        resized[first : first + _CHUNK] = np.rint(part.reshape(-1, height, width, channels))
    return resized


def _weights(old: int, new: int) -> Float32[np.ndarray, "new old"]:
    """Weight of every old pixel in every new one; rows sum to one."""
    scale = old / new
    if new <= old:
        edges = np.arange(new + 1)[:, None] * scale
        covered = np.clip(edges - np.arange(old), 0.0, 1.0)
        return ((covered[1:] - covered[:-1]) / scale).astype(np.float32)
    # Beyond the outermost pixel centres there is nothing to interpolate with: the edge pixel goes on.
    centres = np.clip((np.arange(new) + 0.5) * scale - 0.5, 0, old - 1)
    return np.maximum(0.0, 1.0 - np.abs(centres[:, None] - np.arange(old))).astype(np.float32)
