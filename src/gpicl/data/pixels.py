"""Pixels of any kind in, bytes out."""

import numpy as np
from jaxtyping import UInt8
from numpy.typing import ArrayLike

from gpicl.errors import DataError


def image_bytes(images: ArrayLike, where: str) -> UInt8[np.ndarray, "N H W C"]:
    """Turn images into bytes with a channel axis.

    Args:
        images: [N, H, W] or [N, H, W, C]; whole numbers 0..255, or fractions 0..1, which are scaled by 255 and rounded.
        where: What they belong to, for the message.

    Raises:
        DataError: If the shape is another one, or a pixel is NaN, infinite or out of range.
    """
    found = np.asarray(images)
    if found.ndim not in (3, 4) or 0 in found.shape[1:]:
        raise DataError(
            f"{where}: images must be [N, H, W] or [N, H, W, C], not {list(found.shape)}. Reshape them; frozen "
            "features or embeddings go to FeatureDataset.from_arrays."
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
    # Written so that a NaN, which compares false with everything, is refused too.
    if not (low >= 0 and high <= highest):
        raise DataError(
            f"{where}: pixels of type {found.dtype} must lie in 0..{highest}, theirs run from {low} to {high}. Scale "
            "fractions to 0..1 or convert to uint8 0..255, and remove NaN and infinity."
        )
    if highest == 1:
        return _scaled(found)
    return found.astype(np.uint8)


def _scaled(fractions: np.ndarray) -> UInt8[np.ndarray, "N H W C"]:
    scaled = np.empty(fractions.shape, np.uint8)
    for first in range(0, len(fractions), 4096):
        part = slice(first, first + 4096)
        scaled[part] = np.rint(fractions[part].astype(np.float32) * 255)
    return scaled
