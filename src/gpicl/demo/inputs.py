"""Pictures become a learner's inputs: 14x14, normalised, and on request scrambled by one fixed random projection.

WHY scramble: meta-training never showed a learner pixels as they are, but always seen through a random projection `A`.
So it cannot know what a picture looks like, and learns from scrambled drawings as well as from plain ones.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from jaxtyping import Float64, UInt8

from gpicl.data.resizing import resize_images
from gpicl.tasks.projection import normalise, project_by_id
from gpicl.tasks.randomness import Numbers, Stream

SIDE = 14
_FEATURES = SIDE * SIDE
# MNIST's own, of all pixels at this size: numbers by which meta-training normalises pictures of this kind.
_MEAN, _STD = 33.4, 71.4
_KEY = 2212_04458  # any number would do; the same key is the same projection, today and tomorrow


def inputs_of(pictures: Sequence[UInt8[np.ndarray, "28 28"]], scrambled: bool) -> Float64[np.ndarray, "N 196"]:
    """Give the inputs of some pictures.

    Args:
        pictures: The pictures.
        scrambled: Send them through the projection.
    """
    small = resize_images(np.stack(pictures)[..., None], SIDE, SIDE).reshape(len(pictures), _FEATURES)
    # In float64, so that a picture's inputs do not depend on how many others are asked for.
    inputs = normalise(torch.from_numpy(small)[None], _MEAN, _STD)[0].double().numpy()
    return inputs @ _projection() if scrambled else inputs


def as_grey(inputs: Float64[np.ndarray, "196"]) -> UInt8[np.ndarray, "14 14"]:
    """Show inputs as a picture: what a learner is given, for people's eyes.

    Args:
        inputs: Of one picture.
    """
    return np.clip(np.rint(inputs * _STD + _MEAN), 0, 255).astype(np.uint8).reshape(SIDE, SIDE)


@cache
def _projection() -> Float64[np.ndarray, "196 196"]:
    """Transposed `A`, drawn as those of meta-training's tasks are: `A_ij ~ Normal(0, 1 / 196)`."""
    task = torch.tensor([_KEY])
    matrix = project_by_id(torch.eye(_FEATURES)[None], Numbers(0, Stream.NAMED, task, task), _FEATURES)
    return matrix[0].double().numpy()
