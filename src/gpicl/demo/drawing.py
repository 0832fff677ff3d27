"""A drawing becomes a picture as MNIST's digits did: cropped, scaled to 20x20, and centred in 28x28 by its mass."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from gpicl.data.resizing import resize_images
from gpicl.demo.refusals import RefusedError

SIDE = 28
_INNER = 20

EMPTY = "The drawing is empty. Draw something first."


def as_picture(drawing: Sequence[Sequence[int | float]]) -> UInt8[np.ndarray, "28 28"] | None:
    """Crop, scale and centre a drawing, so that neither its place nor its size matters.

    The larger side of what is drawn becomes 20 pixels and the other keeps its proportion; the darkest ink becomes 255.

    Args:
        drawing: Rows of ink, 0 (none) to 255; all of one length. Fractions are rounded.

    Returns:
        The picture, or None if nothing is drawn.

    Raises:
        RefusedError: If the rows differ in length.
    """
    if len({len(row) for row in drawing}) > 1:
        raise RefusedError(f"The rows of a drawing must have one length, not {sorted({len(row) for row in drawing})}.")
    ink = np.rint(drawing).astype(np.uint8)
    if not ink.any():
        return None
    inked = _scale(_crop(ink))
    picture = np.zeros((SIDE, SIDE), np.uint8)
    top, left = (_start(inked.sum(axis, dtype=np.float64)) for axis in (1, 0))
    picture[top : top + len(inked), left : left + inked.shape[1]] = inked
    return picture


def _crop(ink: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero(ink.any(axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scale(ink: np.ndarray) -> np.ndarray:
    full = np.rint(ink * (255 / ink.max())).astype(np.uint8)
    height, width = (max(1, round(_INNER * side / max(ink.shape))) for side in ink.shape)
    return resize_images(full[None, ..., None], height, width)[0, ..., 0]


def _start(mass: np.ndarray) -> int:
    """Place the centre of mass of one axis in the middle, or as near to it as the border allows."""
    if not mass.any():
        return (SIDE - len(mass)) // 2
    centre = (mass * (np.arange(len(mass)) + 0.5)).sum() / mass.sum()
    return int(np.clip(round(SIDE / 2 - centre), 0, SIDE - len(mass)))
