"""Images with labels, independent of the file format."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8
from numpy.typing import ArrayLike

from gpicl.data.class_labels import check_class_indices, class_indices
from gpicl.data.pixels import image_bytes
from gpicl.errors import DataError


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Labelled images as bytes. Use `ImageDataset.from_arrays` to make one from your own arrays.

    Args:
        images: Pixels 0..255, [N, H, W, C]; a 1-D signal is an image with H = 1.
        labels: Index of each image's class, 0..C-1.
        classes: Names of the classes; at least two.
        name: Name used in tables and messages.
        fresh_each_episode: The images are only a sample, because tasks draw new pixels for every episode.

    Raises:
        DataError: If an argument has the wrong shape, type or range.
    """

    images: UInt8[np.ndarray, "N H W C"]
    labels: Int64[np.ndarray, " N"]
    classes: tuple[str, ...]
    name: str
    fresh_each_episode: bool = False

    def __post_init__(self) -> None:
        """Reject invalid arrays here, so that later code need not check them again."""
        for field, array, dtype, ndim in (("images", self.images, np.uint8, 4), ("labels", self.labels, np.int64, 1)):
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != ndim:
                raise DataError(
                    f"Data set {self.name!r}: {field} must be a NumPy array of {np.dtype(dtype)} with {ndim} "
                    "dimensions. ImageDataset.from_arrays accepts other arrays and converts them."
                )
        if 0 in self.images.shape[1:]:
            raise DataError(f"Data set {self.name!r}: images of shape {list(self.image_shape)} have no pixels.")
        check_class_indices(self.labels, self.classes, f"Data set {self.name!r}", len(self.images))

    @classmethod
    def from_arrays(
        cls, images: ArrayLike, labels: ArrayLike, classes: Sequence[str] | None = None, name: str = "images"
    ) -> "ImageDataset":
        """Make a data set from your own arrays.

        Args:
            images: [N, H, W] or [N, H, W, C]; whole numbers 0..255, or fractions 0..1, which are scaled by 255.
            labels: [N]; whole numbers or strings. If `classes` is given, numbers are indices into it.
            classes: Names of the classes. Default: the sorted distinct labels.
            name: Name used in tables and messages.

        Raises:
            DataError: If images or labels are out of range, not finite, empty, of unequal lengths, or all of one class.
        """
        where = f"Data set {name!r}"
        pixels = image_bytes(images, where)
        indices, names = class_indices(labels, classes, len(pixels), where)
        return cls(pixels, indices, names, name)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def num_classes(self) -> int:
        """Number of classes C."""
        return len(self.classes)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        _, height, width, channels = self.images.shape
        return height, width, channels
