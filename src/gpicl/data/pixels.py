"""Pixels: convert images to bytes, change their channels and size, and draw noise images."""

import math

import numpy as np
from jaxtyping import Float32, UInt8
from numpy.typing import ArrayLike

from gpicl.errors import DataError

_CHUNK = 4096  # images converted at once


def image_bytes(images: ArrayLike, where: str) -> UInt8[np.ndarray, "N H W C"]:
    """Turn images into bytes with a channel axis.

    Args:
        images: [N, H, W] or [N, H, W, C]; whole numbers 0..255, or fractions 0..1, which are scaled by 255 and rounded.
        where: Start of the error message: what the images belong to.

    Raises:
        DataError: If the shape is wrong, or a pixel is NaN, infinite or out of range.
    """
    found = np.asarray(images)
    if found.ndim not in (3, 4) or 0 in found.shape[1:]:
        raise DataError(
            f"{where}: images must be [N, H, W] or [N, H, W, C], not {list(found.shape)}. Reshape them; for frozen "
            "features or embeddings use FeatureDataset.from_arrays."
        )
    if found.ndim == 3:
        found = found[..., None]
    if len(found) == 0 or found.dtype == np.uint8:
        return np.ascontiguousarray(found, np.uint8)
    if found.dtype == bool:
        return found.astype(np.uint8) * np.uint8(255)
    if found.dtype.kind not in "iuf":
        raise DataError(f"{where}: pixels must be numbers 0..255 or fractions 0..1, not {found.dtype}. Convert them.")
    low, high = found.min(), found.max()
    highest = 1 if found.dtype.kind == "f" else 255
    # Written so that NaN, which compares false with everything, is rejected too.
    if not (low >= 0 and high <= highest):
        raise DataError(
            f"{where}: pixels of type {found.dtype} must be in 0..{highest}, but run from {low} to {high}. Scale "
            "fractions to 0..1 or convert to uint8 0..255, and remove NaN and infinity."
        )
    if highest == 1:
        return _scaled(found)
    return found.astype(np.uint8)


def _scaled(fractions: np.ndarray) -> UInt8[np.ndarray, "N H W C"]:
    scaled = np.empty(fractions.shape, np.uint8)
    for first in range(0, len(fractions), _CHUNK):
        part = slice(first, first + _CHUNK)
        scaled[part] = np.rint(fractions[part].astype(np.float32) * 255)
    return scaled


# ITU-R 601 luma in 16-bit fixed point: 0.299, 0.587, 0.114. Whole numbers make it exact on every machine.
_LUMA = np.array([19595, 38470, 7471], np.uint32)


def with_channels(
    images: UInt8[np.ndarray, "N H W C"], channels: int | None, where: str
) -> UInt8[np.ndarray, "N H W channels"]:
    """Make images grey (ITU-R 601 luma) or colour (the grey value in all three channels).

    Args:
        images: Grey (C = 1) or colour (C = 3) images.
        channels: 1, 3, or None to leave the images unchanged.
        where: Start of the error message: what the images belong to.

    Raises:
        DataError: If `channels` is another number, or the images are neither grey nor colour.
    """
    if channels not in (None, 1, 3):
        raise DataError(f"channels must be 1 (grey), 3 (colour) or None (unchanged), not {channels}.")
    found = images.shape[3]
    if channels is None or channels == found:
        return images
    if found == 1:
        return np.repeat(images, 3, axis=3)
    if found != 3 or channels == 3:
        raise DataError(
            f"{where}: images with {found} channels are neither grey (1) nor colour (3), so they cannot be converted "
            f"to {channels}. Set channels to None to leave them unchanged."
        )
    grey = np.empty((*images.shape[:3], 1), np.uint8)
    for first in range(0, len(images), _CHUNK):
        weighted = images[first : first + _CHUNK].astype(np.uint32) @ _LUMA
        grey[first : first + _CHUNK, ..., 0] = (weighted + 2**15) >> 16
    return grey


def resize_images(images: UInt8[np.ndarray, "N H W C"], height: int, width: int) -> UInt8[np.ndarray, "N h w C"]:
    """Resize images, each axis by one matrix product.

    Shrinking averages over the exact area that a new pixel covers, so there is no aliasing. Enlarging interpolates
    linearly.

    WHY not Pillow: it would take 60,000 Python calls for 60,000 images, against two matrix products per chunk here.

    Args:
        images: Images of any number of channels.
        height: New height in pixels.
        width: New width in pixels.
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
    # Beyond the outermost pixel centres the edge pixel is repeated.
    centres = np.clip((np.arange(new) + 0.5) * scale - 0.5, 0, old - 1)
    return np.maximum(0.0, 1.0 - np.abs(centres[:, None] - np.arange(old))).astype(np.float32)


# Of a byte uniform in 0..255. Statistics of the sample images would differ slightly from those of the episodes.
UNIFORM_MEAN = 127.5
UNIFORM_STD = math.sqrt((256**2 - 1) / 12)


def uniform_images(count: int, height: int, width: int, channels: int) -> UInt8[np.ndarray, "N H W C"]:
    """Draw images with bytes uniform in 0..255, always the same for the same shape.

    WHY `RandomState`: NumPy promises that its streams never change, and makes no such promise for `default_rng`.
    """
    return np.random.RandomState(0).randint(0, 256, (count, height, width, channels)).astype(np.uint8)
