"""Data sets whose files lie somewhere on the machine, or are downloaded once."""

from dataclasses import dataclass
from pathlib import Path

from gpicl.data.cache import cached_path, fetch, store
from gpicl.data.dataset import ImageDataset
from gpicl.data.formats.arrays import Arrays
from gpicl.data.formats.reading import read_path
from gpicl.data.openml import download
from gpicl.data.sources.source import Kind, Source
from gpicl.errors import DataError


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
