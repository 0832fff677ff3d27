"""A name or a path in, a data set out; and the list of known names."""

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

    A known name without a root is looked for in the cache (`$GPICL_CACHE`, by default `~/.cache/gpicl`), in the
    system's folders, and then downloaded once.

    Args:
        name: A known name (`list_datasets`); the path of a file or folder in one of the accepted formats; or
            `LABEL=PATH`, the data set at PATH called LABEL. A known name wins over a file of the same name: write
            `./digits` for the file.
        split: `train` or `test`. A file that holds one split alone is both.
        root: Folder where the files of the data set called `name` lie.

    Raises:
        DataError: If the split is another word, or the data set is missing, damaged or out of reach.
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
    """Load one split of a data set as feature vectors, which tasks are made from.

    An archive (.npz) whose examples are flat, [N, F], holds frozen features, such as embeddings: they are taken as they
    are. All else is images, and is preprocessed. Several names with `+` between them are joined, as in
    `mnist+fashion_mnist`: the classes of all of them are the classes of one data set.

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
    parts = name.split("+")
    if len(parts) > 1 and not Path(name.partition("=")[2] or name).expanduser().exists():
        return joined([load_features(part, split, root, size, channels) for part in parts])
    label, found = _read_own(name, split, root)
    if np.ndim(found.images) == 2:
        return FeatureDataset.from_arrays(found.images, found.labels, found.classes, label)
    images = ImageDataset.from_arrays(found.images, found.labels, found.classes, label)
    return preprocess(images, size, channels)


class Contents(NamedTuple):
    """What a split holds, in words and numbers that fit into a table.

    Attributes:
        digest: See `FeatureDataset.digest`.
        image: Height, width and channels, as in `14x14x1`; `features` where the examples are no images.
        features: Features of an example.
        examples: Number of examples; 0 where every episode draws its own.
    """

    digest: str
    image: str
    features: int
    examples: int


def contents_of(dataset: FeatureDataset) -> Contents:
    """Describe features that are loaded already."""
    image = "features" if dataset.image_shape is None else "x".join(str(side) for side in dataset.image_shape)
    return Contents(dataset.digest, image, dataset.num_features, 0 if dataset.fresh_each_episode else len(dataset))


def load_contents(
    name: str | PathLike[str],
    split: str = "train",
    root: str | PathLike[str] | None = None,
    size: int | None = 14,
    channels: int | None = 1,
) -> Contents:
    """Describe what `load_features` gives, without loading it again as long as no file has changed.

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
    place = root if name in SOURCES else _label_and_path(name)[1]
    files = () if place is None else _file_states(Path(place).expanduser())
    return _load_contents(name, split, None if root is None else str(root), size, channels, files)


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
    """Name, time and size of every file: a file that is replaced differs in one of them."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path] if path.is_file() else []
    states = ((str(file.absolute()), file.stat()) for file in files)
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)


def dataset_label(name: str) -> str:
    """Name that a data set has in tables: the LABEL of LABEL=PATH, else the name or path as it was given.

    Args:
        name: See `load_dataset`.
    """
    return name if name in SOURCES or Path(name).expanduser().exists() else name.partition("=")[0]


def split_names(text: str) -> list[str]:
    """Split names and paths with commas between them; a comma that belongs to an existing path splits nothing.

    Args:
        text: As in `fashion_mnist,kmnist=files/kmnist.npz`.
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
    """Whether a name is that of a known data set, not that of a file."""
    return name in SOURCES


def _check_split(split: str) -> None:
    if split not in ("train", "test"):
        raise DataError(f"split must be 'train' or 'test', not {split!r}.")


def _read_own(name: str, split: str, root: str | PathLike[str] | None) -> tuple[str, Arrays]:
    label, path = _label_and_path(name)
    if root is not None:
        raise DataError(
            f"root={str(root)!r} says where the files of a known data set lie, and {name!r} is none. Known: "
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
    # What has a folder or a known ending was meant as a path, and deserves an answer about files, not about names.
    if len(path.parts) > 1 or name[:1] in (".", "~", "/") or path.suffix in (".npz", ".mat"):
        return path.stem, path
    raise UnknownNameError("data set", name, SOURCES, f"Or give a path, or LABEL=PATH, to {FILE_FORMATS}.")


@dataclass(frozen=True)
class DatasetInfo:
    """One known data set, for people.

    Args:
        name: What `load_dataset` takes.
        source: `offline`: a Python package holds it; `file`: its files are on this machine; `download`: it would be
            downloaded once.
        image_shape: Height, width and channels.
        num_classes: Number of classes.
        num_train: Images of the train split.
        num_test: Images of the test split.
        origin: Where it comes from.
        licence: Under what terms.
        available: Whether it can be loaded now without a network.
        where: Where it is, or what to do to have it.
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
