"""Downloaded data sets on disk, verified by checksum."""

import hashlib
import logging
import os
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from gpicl.data.formats.array_files import Arrays
from gpicl.errors import DataError
from gpicl.files import write_atomically

_LOG = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the folder of downloads: `$GPICL_CACHE`, else `$XDG_CACHE_HOME/gpicl`, by default `~/.cache/gpicl`."""
    chosen = os.environ.get("GPICL_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gpicl"


def make_cache_folder() -> Path:
    """Create and return the cache folder.

    Raises:
        DataError: If it cannot be created.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"Cannot create the cache folder {folder}: {error.strerror or error}. Set GPICL_CACHE to a writable folder."
        ) from error
    return folder


def cached_path(name: str, split: str) -> Path:
    """Return the path of a cached split, which need not exist. Each split has its own file, so it is read alone."""
    return cache_folder() / f"{name}-{split}.npz"


def store(name: str, split: str, images: UInt8[np.ndarray, "N H W C"], labels: Int64[np.ndarray, " N"]) -> None:
    """Save a split to the cache. The checksum is in the same file, so data and checksum cannot get out of step.

    Args:
        name: Name of the data set.
        split: `train` or `test`.
        images: Images of the split.
        labels: Class index of every image.

    Raises:
        DataError: If the folder cannot be written to.
    """

    def write(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, images=images, labels=labels, sha256=np.array(_checksum(images, labels)))

    path = make_cache_folder() / cached_path(name, split).name
    try:
        write_atomically(path, write)
    except OSError as error:
        raise DataError(
            f"Cannot write {path}: {error.strerror or error}. Free some space, or set GPICL_CACHE to another folder."
        ) from error


def fetch(name: str, split: str, classes: tuple[str, ...]) -> Arrays | None:
    """Read a split from the cache.

    A truncated or changed file is removed with a logged warning, so that the split is downloaded again.

    Args:
        name: Name of the data set.
        split: `train` or `test`.
        classes: Names of its classes.

    Returns:
        The split, or None if it is not in the cache or was damaged.
    """
    path = cached_path(name, split)
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            images, labels, expected = archive["images"], archive["labels"], str(archive["sha256"])
        if _checksum(images, labels) != expected:
            raise ValueError("its checksum does not match its content")
    except MemoryError:
        raise
    except Exception as error:  # a damaged archive raises anything from zlib.error to KeyError
        _LOG.warning("The cached file %s is damaged (%s); it was removed and is downloaded again.", path, error)
        path.unlink(missing_ok=True)
        return None
    return Arrays(images, labels, classes)


def _checksum(images: np.ndarray, labels: np.ndarray) -> str:
    digest = hashlib.sha256(repr((images.shape, labels.shape)).encode())
    digest.update(np.ascontiguousarray(images).data)
    digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()
