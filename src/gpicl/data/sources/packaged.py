"""Data sets that an installed Python package holds or computes."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gpicl.data.dataset import ImageDataset
from gpicl.data.sources.source import Kind, Source
from gpicl.errors import DataError

_REMEDY = 'pip install "gpicl[data]"'


@dataclass(frozen=True, kw_only=True)
class PackagedSource(Source):
    """A data set that needs no network.

    Args:
        package: The package that it comes from, as it is imported; None if this one makes it.
        read: From a split to images [N, H, W, C] and labels [N].
        fresh_each_episode: See `ImageDataset`.
    """

    read: Callable[[str], tuple[np.ndarray, np.ndarray]]
    package: str | None = None
    fresh_each_episode: bool = False

    def load(self, split: str, root: Path | None) -> ImageDataset:
        """Load one split.

        Args:
            split: `train` or `test`.
            root: Must be None: there are no files to look for.

        Raises:
            DataError: If the package is not installed, or a root is given.
        """
        if root is not None:
            raise DataError(
                f"Data set {self.name!r} comes with a Python package, not as files, so root={str(root)!r} has no "
                f"meaning. Leave root out, or give {self.name}=PATH to read your own files under that name."
            )
        try:
            images, labels = self.read(split)
        except ImportError as error:
            raise DataError(
                f"Data set {self.name!r} needs the Python package {self.package}, which is not installed ({error}). "
                f"Install it with {_REMEDY}."
            ) from error
        return ImageDataset(images, labels, self.classes, self.name, self.fresh_each_episode)

    def whereabouts(self) -> tuple[Kind, bool, str]:
        """Tell whether the package is installed."""
        if self.package is None:
            return "offline", True, "made by this package"
        if find_spec(self.package) is not None:
            return "offline", True, f"in the Python package {self.package}"
        return "offline", False, f"needs the Python package {self.package}: {_REMEDY}"
