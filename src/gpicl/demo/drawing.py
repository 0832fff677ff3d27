"""Turn a drawing into a picture as in MNIST, and a picture into a learner's inputs.

A drawing is cropped, scaled to 20x20 pixels, and centred in 28x28 by its centre of mass. Inputs are 14x14, normalised,
and optionally scrambled by one fixed random projection. WHY scrambling works: in meta-training a learner sees pixels
only through random projections `A`. It does not know what a picture looks like, so it learns from scrambled drawings as
well as from plain ones.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from jaxtyping import Float64, UInt8

from gpicl.data.pixels import resize_images
from gpicl.demo.limits import RefusedError
from gpicl.tasks.projection import normalise, project_by_id
from gpicl.tasks.randomness import Numbers, Stream

SIDE = 28
_INNER = 20

EMPTY = "The drawing is empty. Draw something first."


def as_picture(drawing: Sequence[Sequence[int | float]]) -> UInt8[np.ndarray, "28 28"] | None:
    """Crop, scale and centre a drawing, so that its position and size do not matter.

    The longer side of the drawn area becomes 20 pixels, and the aspect ratio is kept; the darkest ink becomes 255.

    Args:
        drawing: Rows of ink values, 0 (none) to 255, all of the same length. Fractions are rounded.

    Returns:
        The picture, or None if the drawing is empty.

    Raises:
        RefusedError: If the rows differ in length.
    """
    if len({len(row) for row in drawing}) > 1:
        raise RefusedError(f"All rows of a drawing must have one length, not {sorted({len(row) for row in drawing})}.")
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
    """Offset that puts the centre of mass of one axis in the middle, or as close as the border allows."""
    if not mass.any():
        return (SIDE - len(mass)) // 2
    centre = (mass * (np.arange(len(mass)) + 0.5)).sum() / mass.sum()
    return int(np.clip(round(SIDE / 2 - centre), 0, SIDE - len(mass)))


_SMALL = 14
_FEATURES = _SMALL * _SMALL
# Mean and standard deviation of all MNIST pixels at this size, as in meta-training.
_MEAN, _STD = 33.4, 71.4
_KEY = 2212_04458  # an arbitrary number that fixes the projection for good


def inputs_of(pictures: Sequence[UInt8[np.ndarray, "28 28"]], scrambled: bool) -> Float64[np.ndarray, "N 196"]:
    """Turn pictures into a learner's inputs.

    Args:
        pictures: Pictures from `as_picture`.
        scrambled: Apply the random projection.
    """
    small = resize_images(np.stack(pictures)[..., None], _SMALL, _SMALL).reshape(len(pictures), _FEATURES)
    # In float64, so that a picture's inputs do not depend on the size of the batch.
    inputs = normalise(torch.from_numpy(small)[None], _MEAN, _STD)[0].double().numpy()
    return inputs @ _projection() if scrambled else inputs


def as_grey(inputs: Float64[np.ndarray, "196"]) -> UInt8[np.ndarray, "14 14"]:
    """Show a learner's inputs as a grey picture, 0 to 255.

    Args:
        inputs: Inputs of one picture.
    """
    return np.clip(np.rint(inputs * _STD + _MEAN), 0, 255).astype(np.uint8).reshape(_SMALL, _SMALL)


@cache
def _projection() -> Float64[np.ndarray, "196 196"]:
    """Transpose of `A`, drawn as in meta-training: `A_ij ~ Normal(0, 1 / 196)`."""
    task = torch.tensor([_KEY])
    matrix = project_by_id(torch.eye(_FEATURES)[None], Numbers(0, Stream.NAMED, task, task), _FEATURES)
    return matrix[0].double().numpy()
