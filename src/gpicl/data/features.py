"""Feature vectors with labels: what tasks are made from."""

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
    """Labelled feature vectors with the one mean and standard deviation that normalise them.

    WHY one scalar each for the whole data set rather than one per feature: a task is a projection with independent
    normal entries, whose distribution is then the same for every data set; and a feature that never varies would be
    divided by zero (paper: images are z-normalised as a whole).

    Args:
        features: Pixels as bytes, [N, F]; or any frozen features or embeddings as float32.
        labels: Index of each example's class, 0..C-1.
        classes: Names of the classes; at least two.
        name: What to call it in tables and messages.
        mean: Mean over all features of all examples.
        std: Their standard deviation, above zero.
        image_shape: Height, width and channels, so that the features can be shown as a picture; None where they are
            no picture.
        fresh_each_episode: The features are only a specimen, because tasks draw new bytes, uniform in 0..255, for
            every episode.

    Raises:
        DataError: If one of these is not so.
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
        """Refuse what cannot be normalised or shown."""
        where = f"Data set {self.name!r}"
        if self.features.ndim != 2 or self.features.shape[1] == 0 or self.features.dtype not in (np.uint8, np.float32):
            raise DataError(
                f"{where}: features must be uint8 or float32 [N, F], not {self.features.dtype} "
                f"{list(self.features.shape)}. FeatureDataset.from_arrays converts other arrays."
            )
        check_class_indices(self.labels, self.classes, where, len(self.features))
        # Written so that a NaN is refused too.
        if not (0 < self.std < np.inf and np.isfinite(self.mean)):
            raise DataError(
                f"{where}: all its features are the same number (mean {self.mean:g}, standard deviation {self.std:g}), "
                "so they cannot be normalised and tell no class from another. Check how the images were read."
            )
        if self.image_shape is not None and int(np.prod(self.image_shape)) != self.features.shape[1]:
            raise DataError(
                f"{where}: {self.features.shape[1]} features are no image of shape {self.image_shape}. Give the shape "
                "whose product they are, or None."
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
            features: [N, F] numbers. Bytes stay bytes, all else becomes float32.
            labels: [N]; whole numbers or strings. Where classes are named, numbers are indices of them.
            classes: Names of the classes. None: the sorted distinct labels.
            name: What to call it in tables and messages.
            image_shape: Height, width and channels, where the features are pixels.

        Raises:
            DataError: If features or labels are not finite, out of range, empty, of unequal lengths, all the same, or
                of one class.
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
            with np.errstate(over="ignore"):  # what overflows float32 is refused as infinite right below
                found = found.astype(np.float32)
            if not np.isfinite(found).all():
                raise DataError(
                    f"{where}: features hold NaN, infinity or more than float32 can. Remove or replace them."
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
        """Hash of everything that tasks are made from: the same wherever the data lie and whatever they are called."""
        head = (self.features.dtype.str, self.features.shape, self.num_classes, self.fresh_each_episode)
        found = hashlib.sha256(repr(head).encode())
        found.update(np.ascontiguousarray(self.features).data)
        found.update(np.ascontiguousarray(self.labels).data)
        return found.hexdigest()[:16]

    def normalised(self, indices: Int[np.ndarray, " T"]) -> Float32[np.ndarray, "T F"]:
        """Give some examples as `(features - mean) / std`.

        Args:
            indices: Which examples.
        """
        return (self.features[indices].astype(np.float32) - np.float32(self.mean)) / np.float32(self.std)


def _mean_and_std(features: np.ndarray) -> tuple[float, float]:
    """Compute both in float64, in chunks: a float64 copy of 60,000 colour images would take gigabytes."""
    chunks = [features[first : first + _CHUNK] for first in range(0, len(features), _CHUNK)]
    mean = sum(float(chunk.sum(dtype=np.float64)) for chunk in chunks) / features.size
    squares = sum(float(np.square(chunk.astype(np.float64) - mean).sum()) for chunk in chunks)
    return mean, float(np.sqrt(squares / features.size))
