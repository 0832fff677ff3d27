"""More classes from the same images: every quarter turn of a class is a class of its own.

WHY: meta-trained on ten classes, a learner comes to know the shapes of those ten. Turned images are other shapes, and
as easily made as loaded; this is how Omniglot's classes are multiplied by four (Santoro et al. 2016, arXiv 1605.06065).
"""

from dataclasses import replace

import numpy as np

from gpicl.data.features import FeatureDataset
from gpicl.errors import DataError


def with_rotations(dataset: FeatureDataset) -> FeatureDataset:
    """Add the images turned by 90, 180 and 270 degrees as further classes.

    Args:
        dataset: Square images.

    Returns:
        Four times as many images, in four times as many classes; the original ones come first.

    Raises:
        DataError: If the features are no images, or not square ones.
    """
    shape = dataset.image_shape
    if shape is None or shape[0] != shape[1]:
        what = "no images" if shape is None else f"images of {shape[0]}x{shape[1]}"
        raise DataError(
            f"Data set {dataset.name!r} holds {what}; only square images can be turned by a quarter. Resize them with "
            "data.size first."
        )
    images = dataset.features.reshape(-1, *shape)
    turns = [np.rot90(images, turn, axes=(1, 2)).reshape(dataset.features.shape) for turn in range(4)]
    names = [[f"{name} at {90 * turn} degrees" if turn else name for name in dataset.classes] for turn in range(4)]
    return replace(
        dataset,
        features=np.concatenate(turns),
        labels=np.concatenate([dataset.labels + turn * len(dataset.classes) for turn in range(4)]),
        classes=tuple(name for of_turn in names for name in of_turn),
    )
