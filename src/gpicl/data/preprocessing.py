"""Preprocessing: turn images into features."""

from dataclasses import replace

import numpy as np

from gpicl.data.dataset import ImageDataset
from gpicl.data.features import FeatureDataset
from gpicl.data.pixels import UNIFORM_MEAN, UNIFORM_STD, resize_images, uniform_images, with_channels
from gpicl.errors import DataError


def preprocess(dataset: ImageDataset, size: int | None = 14, channels: int | None = 1) -> FeatureDataset:
    """Resize a data set's images and flatten them.

    Channels are converted before resizing, because grey images are a third of the work. A 1-D signal (H = 1) is never
    resized: a task's projection accepts any number of features. Images that every episode draws again are drawn at the
    new size instead of being resized, because averaging noise would lower its variance.

    Args:
        dataset: The images.
        size: New height and width in pixels; None keeps the images' own.
        channels: 1 for grey, 3 for colour; None keeps the images' own.

    Raises:
        DataError: If size or channels is invalid, or all pixels are the same.
    """
    where = f"Data set {dataset.name!r}"
    if size is not None and size < 1:
        raise DataError(f"size must be at least 1 pixel, or None for the images' own, not {size}. The default is 14.")
    images = with_channels(dataset.images, channels, where)
    height, width = images.shape[1:3]
    is_signal = height == 1
    if size is not None and not is_signal:
        height = width = size
    shape = (height, width, images.shape[3])
    if dataset.fresh_each_episode:
        images = uniform_images(len(images), *shape)
        return FeatureDataset(
            images.reshape(len(images), -1),
            dataset.labels,
            dataset.classes,
            dataset.name,
            UNIFORM_MEAN,
            UNIFORM_STD,
            image_shape=shape,
            fresh_each_episode=True,
        )
    features = np.ascontiguousarray(resize_images(images, height, width)).reshape(len(images), -1)
    return FeatureDataset.from_arrays(features, dataset.labels, dataset.classes, dataset.name, image_shape=shape)


def with_rotations(dataset: FeatureDataset) -> FeatureDataset:
    """Add the images rotated by 90, 180 and 270 degrees as further classes.

    WHY: a learner meta-trained on ten classes memorises their shapes. Rotated images are new shapes at no cost; this is
    how Omniglot's classes are multiplied by four (Santoro et al. 2016, arXiv 1605.06065).

    Args:
        dataset: Square images.

    Returns:
        Four times as many images, in four times as many classes; the original ones come first.

    Raises:
        DataError: If the features are not square images.
    """
    shape = dataset.image_shape
    if shape is None or shape[0] != shape[1]:
        what = "no images" if shape is None else f"images of {shape[0]}x{shape[1]}"
        raise DataError(
            f"Data set {dataset.name!r} holds {what}; only square images can be rotated. Resize them with data.size "
            "first."
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
