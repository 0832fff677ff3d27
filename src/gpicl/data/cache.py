"""Downloaded data sets on disk: whole and unchanged, or not there."""

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
    """Say where downloads are kept: `$GPICL_CACHE`, or `gpicl` below `$XDG_CACHE_HOME`, by default `~/.cache/gpicl`."""
    chosen = os.environ.get("GPICL_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gpicl"


def make_cache_folder() -> Path:
    """Create the folder.

    Raises:
        DataError: If it cannot be created.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"Cannot create the cache folder {folder}: {error.strerror or error}. Set GPICL_CACHE to one that can be "
            "written to."
        ) from error
    return folder


def cached_path(name: str, split: str) -> Path:
    """Say where a split is or would be kept. One file per split: reading one does not cost the other."""
    return cache_folder() / f"{name}-{split}.npz"


def store(name: str, split: str, images: UInt8[np.ndarray, "N H W C"], labels: Int64[np.ndarray, " N"]) -> None:
    """Keep a split, with a checksum inside the same file so that the two can never disagree.

    Args:
        name: Name of the data set.
        split: `train` or `test`.
        images: Its images.
        labels: Its labels.

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
            f"Cannot write {path}: {error.strerror or error}. Make room, or set GPICL_CACHE to another folder."
        ) from error


def fetch(name: str, split: str, classes: tuple[str, ...]) -> Arrays | None:
    """Read a split that was kept.

    A file that is truncated or changed is named in a warning of the log and removed, so that it is downloaded again.

    Args:
        name: Name of the data set.
        split: `train` or `test`.
        classes: Names of its classes.

    Returns:
        The split, or None if it is not there whole.
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
        _LOG.warning("The cached file %s is damaged (%s); it was removed and is fetched again.", path, error)
        path.unlink(missing_ok=True)
        return None
    return Arrays(images, labels, classes)


def _checksum(images: np.ndarray, labels: np.ndarray) -> str:
    digest = hashlib.sha256(repr((images.shape, labels.shape)).encode())
    digest.update(np.ascontiguousarray(images).data)
    digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()
