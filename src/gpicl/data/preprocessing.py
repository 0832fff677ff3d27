"""Images in, feature vectors out: resized, grey or coloured, flattened."""

import numpy as np

from gpicl.data.dataset import ImageDataset
from gpicl.data.features import FeatureDataset
from gpicl.data.pixels import UNIFORM_MEAN, UNIFORM_STD, resize_images, uniform_images, with_channels
from gpicl.errors import DataError


def preprocess(dataset: ImageDataset, size: int | None = 14, channels: int | None = 1) -> FeatureDataset:
    """Resize a data set's images and flatten them.

    Colour goes before size, because grey images are a third of the work. A 1-D signal (H = 1) is never resized: it has
    no height to give, and nothing needs it, since a task's projection maps any number of features to any other. Images
    that every episode draws afresh are drawn afresh here too, at the new size: averaged noise would be another, duller
    noise.

    Args:
        dataset: The images.
        size: New height and width in pixels; None keeps theirs.
        channels: 1 for grey, 3 for colour, None keeps theirs.

    Raises:
        DataError: If size or channels are none of these, or all pixels are the same.
    """
    where = f"Data set {dataset.name!r}"
    if size is not None and size < 1:
        raise DataError(f"size must be at least 1 pixel, or None for the images' own, not {size}. The usual one is 14.")
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
