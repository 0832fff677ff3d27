"""Feature vectors with labels, from which tasks are made."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int, Int64, UInt8
from numpy.typing import ArrayLike

from gpicl.data.class_labels import check_class_indices, class_indices
from gpicl.errors import DataError

_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class FeatureDataset:
    """Labelled feature vectors, normalised by one mean and one standard deviation.

    WHY one scalar each for the whole data set rather than one per feature: a task is a projection with independent
    normal entries, whose distribution is then the same for every data set; and a constant feature would be divided by
    zero. The paper also z-normalises images as a whole.

    Args:
        features: Pixels as bytes, [N, F]; or frozen features or embeddings as float32.
        labels: Index of each example's class, 0..C-1.
        classes: Names of the classes; at least two.
        name: Name used in tables and messages.
        mean: Mean over all features of all examples.
        std: Their standard deviation, above zero.
        image_shape: Height, width and channels, so that the features can be shown as a picture; None if they are not
            pixels.
        fresh_each_episode: The features are only a sample, because tasks draw new bytes, uniform in 0..255, for every
            episode.

    Raises:
        DataError: If an argument has the wrong shape, type or range.
    """

    features: UInt8[np.ndarray, "N F"] | Float32[np.ndarray, "N F"]
    labels: Int64[np.ndarray, " N"]
    classes: tuple[str, ...]
    name: str
    mean: float
    std: float
    image_shape: tuple[int, int, int] | None = None
    fresh_each_episode: bool = False

    def __post_init__(self) -> None:
        """Reject features that cannot be normalised or shown."""
        where = f"Data set {self.name!r}"
        if self.features.ndim != 2 or self.features.shape[1] == 0 or self.features.dtype not in (np.uint8, np.float32):
            raise DataError(
                f"{where}: features must be uint8 or float32 [N, F], not {self.features.dtype} "
                f"{list(self.features.shape)}. FeatureDataset.from_arrays converts other arrays."
            )
        check_class_indices(self.labels, self.classes, where, len(self.features))
        # Written so that NaN is rejected too.
        if not (0 < self.std < np.inf and np.isfinite(self.mean)):
            raise DataError(
                f"{where}: all its features are the same number (mean {self.mean:g}, standard deviation {self.std:g}), "
                "so they cannot be normalised or tell classes apart. Check how the data were read."
            )
        if self.image_shape is not None and int(np.prod(self.image_shape)) != self.features.shape[1]:
            raise DataError(
                f"{where}: {self.features.shape[1]} features do not make an image of shape {self.image_shape}. Give "
                "a shape whose product is that number, or None."
            )

    @classmethod
    def from_arrays(
        cls,
        features: ArrayLike,
        labels: ArrayLike,
        classes: Sequence[str] | None = None,
        name: str = "features",
        image_shape: tuple[int, int, int] | None = None,
    ) -> "FeatureDataset":
        """Make a data set from your own features, such as the embeddings of a frozen network.

        Args:
            features: [N, F] numbers. Bytes stay bytes; other types are converted to float32.
            labels: [N]; whole numbers or strings. If `classes` is given, numbers are indices into it.
            classes: Names of the classes. Default: the sorted distinct labels.
            name: Name used in tables and messages.
            image_shape: Height, width and channels, if the features are pixels.

        Raises:
            DataError: If features or labels are not finite, out of range, empty, of unequal lengths, all the same, or
                all of one class.
        """
        where = f"Data set {name!r}"
        found = np.asarray(features)
        if found.ndim != 2 or found.shape[1] == 0 or found.dtype.kind not in "buif":
            raise DataError(
                f"{where}: features must be numbers [N, F], not {found.dtype} {list(found.shape)}. Flatten each "
                "example (features.reshape(len(features), -1)); images go to ImageDataset.from_arrays."
            )
        indices, names = class_indices(labels, classes, len(found), where)
        if found.dtype != np.uint8:
            with np.errstate(over="ignore"):  # values beyond float32 become infinite and are rejected below
                found = found.astype(np.float32)
            if not np.isfinite(found).all():
                raise DataError(
                    f"{where}: features hold NaN, infinity or values beyond float32. Remove or replace them."
                )
        mean, std = _mean_and_std(found)
        return cls(np.ascontiguousarray(found), indices, names, name, mean, std, image_shape)

    def __len__(self) -> int:
        return len(self.features)

    @property
    def num_features(self) -> int:
        """Number of features F."""
        return self.features.shape[1]

    @property
    def num_classes(self) -> int:
        """Number of classes C."""
        return len(self.classes)

    @cached_property
    def digest(self) -> str:
        """Hash of everything that tasks are made from, independent of the data set's name and location."""
        head = (self.features.dtype.str, self.features.shape, self.num_classes, self.fresh_each_episode)
        found = hashlib.sha256(repr(head).encode())
        found.update(np.ascontiguousarray(self.features).data)
        found.update(np.ascontiguousarray(self.labels).data)
        return found.hexdigest()[:16]

    def normalised(self, indices: Int[np.ndarray, " T"]) -> Float32[np.ndarray, "T F"]:
        """Return the examples at `indices`, as `(features - mean) / std`."""
        return (self.features[indices].astype(np.float32) - np.float32(self.mean)) / np.float32(self.std)


def joined(datasets: Sequence[FeatureDataset]) -> FeatureDataset:
    """Join data sets: concatenate their examples, and keep the classes of all of them.

    Args:
        datasets: Data sets with the same number and type of features.

    Raises:
        DataError: If the features differ in number or type, or a data set draws new pixels for every episode.
    """
    kinds = {(part.num_features, part.features.dtype) for part in datasets}
    if len(kinds) > 1 or any(part.fresh_each_episode for part in datasets):
        sizes = ", ".join(f"{part.name} {part.num_features} {part.features.dtype}" for part in datasets)
        raise DataError(
            "Data sets can be joined if all have the same number and type of features and none draws new ones for "
            f"every episode: {sizes}. Give images one size and one number of channels."
        )
    features = np.concatenate([part.features for part in datasets])
    before = np.cumsum([0, *(part.num_classes for part in datasets)])
    labels = np.concatenate([part.labels + first for part, first in zip(datasets, before, strict=False)])
    classes = tuple(f"{part.name}: {name}" for part in datasets for name in part.classes)
    name, shapes = "+".join(part.name for part in datasets), {part.image_shape for part in datasets}
    shape = shapes.pop() if len(shapes) == 1 else None
    return FeatureDataset(features, labels, classes, name, *_mean_and_std(features), image_shape=shape)


def _mean_and_std(features: np.ndarray) -> tuple[float, float]:
    """Compute both in float64, in chunks: a float64 copy of 60,000 colour images would take gigabytes."""
    chunks = [features[first : first + _CHUNK] for first in range(0, len(features), _CHUNK)]
    mean = sum(float(chunk.sum(dtype=np.float64)) for chunk in chunks) / features.size
    squares = sum(float(np.square(chunk.astype(np.float64) - mean).sum()) for chunk in chunks)
    return mean, float(np.sqrt(squares / features.size))
