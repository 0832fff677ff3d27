"""Load data sets by name or path, and list the known ones."""

from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gpicl.data.dataset import ImageDataset
from gpicl.data.features import FeatureDataset, joined
from gpicl.data.formats.array_files import Arrays
from gpicl.data.formats.reading import FILE_FORMATS, read_path
from gpicl.data.preprocessing import preprocess
from gpicl.data.sources.registry import SOURCES
from gpicl.data.sources.source import Kind
from gpicl.errors import DataError, UnknownNameError


def load_dataset(
    name: str | PathLike[str], split: str = "train", root: str | PathLike[str] | None = None
) -> ImageDataset:
    """Load one split of a data set.

    Without a root, a known data set is looked up in the cache (`$GPICL_CACHE`, by default `~/.cache/gpicl`) and in the
    system folders, and otherwise downloaded once.

    Args:
        name: A known name (`list_datasets`); the path of a file or folder in one of the accepted formats; or
            `LABEL=PATH`, the data set at PATH called LABEL. A known name takes precedence over a file of the same
            name: write `./digits` for the file.
        split: `train` or `test`. A file with a single split serves as both.
        root: Folder that holds the files of the known data set `name`.

    Raises:
        DataError: If the split is invalid, or the data set is missing, damaged or cannot be downloaded.
        UnknownNameError: If `name` is neither known nor a path.
    """
    name = str(name)
    _check_split(split)
    if name in SOURCES:
        return SOURCES[name].load(split, None if root is None else Path(root).expanduser())
    label, found = _read_own(name, split, root)
    return ImageDataset.from_arrays(found.images, found.labels, found.classes, label)


def load_features(
    name: str | PathLike[str],
    split: str = "train",
    root: str | PathLike[str] | None = None,
    size: int | None = 14,
    channels: int | None = 1,
) -> FeatureDataset:
    """Load one split of a data set as feature vectors, from which tasks are made.

    An archive (.npz) with flat examples, [N, F], holds frozen features, such as embeddings, which are left unchanged.
    Everything else is images, which are preprocessed. Names with `+` between them are joined into one data set with the
    classes of all, as in `mnist+fashion_mnist`.

    Args:
        name: See `load_dataset`.
        split: `train` or `test`.
        root: See `load_dataset`.
        size: Height and width of images; see `preprocess`.
        channels: Channels of images; see `preprocess`.

    Raises:
        DataError: See `load_dataset` and `preprocess`.
        UnknownNameError: If `name` is neither known nor a path.
    """
    name = str(name)
    _check_split(split)
    if name in SOURCES:
        return preprocess(load_dataset(name, split, root), size, channels)
    parts = _parts(name)
    if len(parts) > 1:
        return joined([load_features(part, split, root, size, channels) for part in parts])
    label, found = _read_own(name, split, root)
    if np.ndim(found.images) == 2:
        return FeatureDataset.from_arrays(found.images, found.labels, found.classes, label)
    images = ImageDataset.from_arrays(found.images, found.labels, found.classes, label)
    return preprocess(images, size, channels)


def _parts(name: str) -> list[str]:
    """Split the name of a joined data set; the path of an existing file may have a `+` in it."""
    if Path(name.partition("=")[2] or name).expanduser().exists():
        return [name]
    return [part.strip() for part in name.split("+")]


class Contents(NamedTuple):
    """Summary of a split for tables.

    Attributes:
        digest: See `FeatureDataset.digest`.
        image: Height, width and channels, as in `14x14x1`; `features` if the examples are not images.
        features: Number of features of an example.
        examples: Number of examples; 0 if every episode draws its own.
    """

    digest: str
    image: str
    features: int
    examples: int


def contents_of(dataset: FeatureDataset) -> Contents:
    """Summarise features that are already loaded."""
    image = "features" if dataset.image_shape is None else "x".join(str(side) for side in dataset.image_shape)
    return Contents(dataset.digest, image, dataset.num_features, 0 if dataset.fresh_each_episode else len(dataset))


def load_contents(
    name: str | PathLike[str],
    split: str = "train",
    root: str | PathLike[str] | None = None,
    size: int | None = 14,
    channels: int | None = 1,
) -> Contents:
    """Summarise the data that `load_features` returns. The summary is cached until a file changes.

    Args:
        name: See `load_dataset`.
        split: `train` or `test`.
        root: See `load_dataset`.
        size: See `preprocess`.
        channels: See `preprocess`.

    Raises:
        DataError: See `load_features`.
        UnknownNameError: See `load_features`.
    """
    name = str(name)
    places = [root if part in SOURCES else _label_and_path(part)[1] for part in _parts(name)]
    files = [state for place in places if place is not None for state in _file_states(Path(place).expanduser())]
    return _load_contents(name, split, None if root is None else str(root), size, channels, tuple(files))


@lru_cache(maxsize=256)
def _load_contents(
    name: str,
    split: str,
    root: str | None,
    size: int | None,
    channels: int | None,
    files: tuple[tuple[str, int, int], ...],
) -> Contents:
    return contents_of(load_features(name, split, root, size, channels))


def _file_states(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, time and size of every file; replacing a file changes one of them."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path] if path.is_file() else []
    states = ((str(file.absolute()), file.stat()) for file in files)
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)


def dataset_label(name: str) -> str:
    """Return a data set's name for tables: the LABEL of LABEL=PATH, else the name or path as given.

    Args:
        name: See `load_features`.
    """
    return "+".join(
        part if part in SOURCES or Path(part).expanduser().exists() else part.partition("=")[0] for part in _parts(name)
    )


def split_names(text: str) -> list[str]:
    """Split names and paths at commas, except at commas within an existing path.

    Args:
        text: For example `fashion_mnist,kmnist=files/kmnist.npz`.
    """
    parts, names = text.split(","), []
    while parts:
        taken = next((n for n in range(len(parts), 1, -1) if _is_path(",".join(parts[:n]))), 1)
        names.append(",".join(parts[:taken]).strip())
        parts = parts[taken:]
    return [name for name in names if name]


def _is_path(name: str) -> bool:
    return any(Path(path).expanduser().exists() for path in (name, name.partition("=")[2]) if path)


def is_known(name: str) -> bool:
    """Return whether a name is a known data set rather than a file."""
    return name in SOURCES


def _check_split(split: str) -> None:
    if split not in ("train", "test"):
        raise DataError(f"split must be 'train' or 'test', not {split!r}.")


def _read_own(name: str, split: str, root: str | PathLike[str] | None) -> tuple[str, Arrays]:
    label, path = _label_and_path(name)
    if root is not None:
        raise DataError(
            f"root={str(root)!r} is only for known data sets, and {name!r} is not one of them. Known: "
            f"{', '.join(sorted(SOURCES))}. For your own files give LABEL=PATH and no root."
        )
    return label, read_path(path, split)


def _label_and_path(name: str) -> tuple[str, Path]:
    path = Path(name).expanduser()
    if path.exists():
        return path.stem, path
    label, separator, rest = name.partition("=")
    if separator and label and rest:
        return label, Path(rest).expanduser()
    # A folder or a known suffix means that a path was intended, so the error should be about files, not names.
    if len(path.parts) > 1 or name[:1] in (".", "~", "/") or path.suffix in (".npz", ".mat"):
        return path.stem, path
    raise UnknownNameError("data set", name, SOURCES, f"Or give a path, or LABEL=PATH, to {FILE_FORMATS}.")


@dataclass(frozen=True)
class DatasetInfo:
    """Description of one known data set.

    Args:
        name: Name for `load_dataset`.
        source: `offline`: in a Python package; `file`: its files are on this machine; `download`: downloaded once, on
            first use.
        image_shape: Height, width and channels.
        num_classes: Number of classes.
        num_train: Number of images in the train split.
        num_test: Number of images in the test split.
        origin: Authors and place of publication.
        licence: Licence of the data.
        available: Whether it can be loaded without a network.
        where: Where it is, or how to get it.
    """

    name: str
    source: Kind
    image_shape: tuple[int, int, int]
    num_classes: int
    num_train: int
    num_test: int
    origin: str
    licence: str
    available: bool
    where: str


def list_datasets() -> list[DatasetInfo]:
    """List the known data sets, without loading any or using the network."""
    infos = []
    for source in SOURCES.values():
        kind, available, where = source.whereabouts()
        infos.append(
            DatasetInfo(
                name=source.name,
                source=kind,
                image_shape=source.image_shape,
                num_classes=len(source.classes),
                num_train=source.num_train,
                num_test=source.num_test,
                origin=source.origin,
                licence=source.licence,
                available=available,
                where=where,
            )
        )
    return infos
