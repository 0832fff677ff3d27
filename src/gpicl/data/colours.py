"""Grey images from colour ones, and back."""

import numpy as np
from jaxtyping import UInt8

from gpicl.errors import DataError

_CHUNK = 4096
# ITU-R 601 luma in 16-bit fixed point: 0.299, 0.587, 0.114. Whole numbers make it exact on every machine.
_LUMA = np.array([19595, 38470, 7471], np.uint32)


def with_channels(
    images: UInt8[np.ndarray, "N H W C"], channels: int | None, where: str
) -> UInt8[np.ndarray, "N H W channels"]:
    """Make images grey (ITU-R 601 luma) or colour (the grey value in all three channels).

    Args:
        images: The images.
        channels: 1, 3, or None to leave them as they are.
        where: What they belong to, for the message.

    Raises:
        DataError: If `channels` is another number, or the images are neither grey nor colour.
    """
    if channels not in (None, 1, 3):
        raise DataError(f"channels must be 1 (grey), 3 (colour) or None (as they are), not {channels}.")
    found = images.shape[3]
    if channels is None or channels == found:
        return images
    if found == 1:
        return np.repeat(images, 3, axis=3)
    if found != 3 or channels == 3:
        raise DataError(
            f"{where}: images with {found} channels are neither grey (1) nor colour (3), so they cannot be given "
            f"{channels}. Set channels to None to leave them as they are."
        )
    grey = np.empty((*images.shape[:3], 1), np.uint8)
    for first in range(0, len(images), _CHUNK):
        weighted = images[first : first + _CHUNK].astype(np.uint32) @ _LUMA
        grey[first : first + _CHUNK, ..., 0] = (weighted + 2**15) >> 16
    return grey
