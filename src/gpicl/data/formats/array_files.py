"""Files of arrays: NumPy archives, IDX (MNIST and similar), the batches of CIFAR-10, the MATLAB files of SVHN."""

import gzip
import pickle
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gpicl.data.class_labels import class_indices
from gpicl.errors import DataError


class Arrays(NamedTuple):
    """One split as stored in the file; `ImageDataset.from_arrays` checks and converts it.

    Args:
        images: [N, H, W] or [N, H, W, C].
        labels: [N], class indices or strings.
        classes: Names of the classes, the same in both splits.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]


@contextmanager
def naming_damage(path: Path, kind: str) -> Iterator[None]:
    """Turn any exception of a parser into a `DataError` that names the file.

    Args:
        path: The file being read.
        kind: The expected format, with its article, as in "an IDX file".

    Raises:
        DataError: If the body raises anything but a `DataError` or a `MemoryError`.
    """
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:  # damaged bytes surface as anything from struct.error to zlib.error or KeyError
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise DataError(
            f"{path} cannot be read as {kind} ({reason}). The file is truncated, garbled or in another format: "
            "delete it and get it again, or give another file."
        ) from error


def read_npz(path: Path, split: str) -> Arrays:
    """Read images and labels from a NumPy archive.

    Args:
        path: An archive with `x_train`, `y_train`, `x_test` and `y_test`, or with `x` and `y`, which then serve as
            both splits.
        split: `train` or `test`.

    Raises:
        DataError: If the file is truncated or garbled, or has none of these keys.
    """
    with (
        naming_damage(path, "a NumPy archive"),
        path.open("rb") as file,  # if the archive is damaged, NumPy does not close a file that it opened itself
        np.load(file, allow_pickle=False) as archive,
    ):
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise DataError(
                f"{path} is a single NumPy array. Save images and labels together: numpy.savez(path, x=, y=)."
            )
        wanted = (f"x_{split}", f"y_{split}") if f"x_{split}" in archive else ("x", "y")
        if not all(key in archive for key in wanted):
            raise DataError(
                f"{path} holds {', '.join(archive) or 'nothing'}. It needs x_{split} and y_{split}, or x and y: save "
                "it with numpy.savez(path, x_train=..., y_train=..., x_test=..., y_test=...)."
            )
        images, labels = (_array(archive, key, path) for key in wanted)
        # The classes are collected from both splits, so that a class has the same number in both.
        keys = [key for key in ("y_train", "y_test") if wanted[1] != "y" and key in archive]
        both = [_array(archive, key, path) for key in keys] or [labels]
        every = np.concatenate([np.ravel(part) for part in both])
        indices, classes = class_indices(every, None, len(every), str(path))
        # The labels of the chosen split, numbered by the classes of both splits.
        first = len(np.ravel(both[0])) if wanted[1] == "y_test" and len(both) == 2 else 0
        own = indices[first : first + len(labels)] if np.ndim(labels) == 1 else labels
        return Arrays(images, own, classes)


def _array(archive: Any, key: str, path: Path) -> np.ndarray:
    try:
        return archive[key]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise DataError(
            f"{path}: {key} holds Python objects, which are not read because a file could run code with them. Save it "
            "again as an array of numbers or of text: y=y.astype(str) for labels."
        ) from error


_STEMS = {"train": "train", "test": "t10k"}
_UNSIGNED_BYTE = 8


def is_idx_folder(folder: Path) -> bool:
    """Return whether a folder holds any of the IDX files, of either split."""
    return any(name for split in _STEMS for what in ("images", "labels") for name in _present(folder, split, what))


def read_idx(folder: Path, split: str) -> Arrays:
    """Read images and labels of one split.

    Args:
        folder: Holds `train-images-idx3-ubyte[.gz]`, `train-labels-idx1-ubyte[.gz]`, and `t10k-...` for `test`. The
            dash before `idx` may also be a dot.
        split: `train` or `test`.

    Raises:
        DataError: If a file is missing, truncated or garbled, or images and labels differ in number.
    """
    images = _read_idx_file(_find(folder, split, "images"), 3)
    labels = _read_idx_file(_find(folder, split, "labels"), 1)
    if len(images) != len(labels):
        raise DataError(
            f"{folder}: the {split} split has {len(images)} images but {len(labels)} labels. The files belong to "
            "different data sets; get both again from the same source."
        )
    # The number of classes must not depend on the split, and a small split may lack the last class.
    others = [_read_idx_file(path, 1) for name in _STEMS for path in _present(folder, name, "labels")[:1]]
    distinct = np.unique(np.concatenate(others))
    return Arrays(images, np.searchsorted(distinct, labels), tuple(str(label) for label in distinct))


def _names(split: str, what: str) -> list[str]:
    dimensions = {"images": 3, "labels": 1}[what]
    plain = [f"{_STEMS[split]}-{what}{mark}idx{dimensions}-ubyte" for mark in "-."]
    return plain + [f"{name}.gz" for name in plain]


def _present(folder: Path, split: str, what: str) -> list[Path]:
    return [folder / name for name in _names(split, what) if (folder / name).is_file()]


def _find(folder: Path, split: str, what: str) -> Path:
    present = _present(folder, split, what)
    if not present:
        raise DataError(
            f"{folder} holds no {what} of the {split} split. Add one of {', '.join(_names(split, what))}, or give "
            "another folder."
        )
    return present[0]


def _read_idx_file(path: Path, dimensions: int) -> np.ndarray:
    with naming_damage(path, "an IDX file"):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        zero, kind, found = struct.unpack(">HBB", content[:4])
        if (zero, kind, found) != (0, _UNSIGNED_BYTE, dimensions):
            raise ValueError(f"its header {content[:4].hex()} does not announce bytes in {dimensions} dimensions")
        start = 4 + 4 * dimensions
        shape = struct.unpack(f">{dimensions}I", content[4:start])
        # Compared before reshaping, so that the message says how much is missing.
        expected = int(np.prod(shape, dtype=np.float64))
        if len(content) - start != expected:
            raise ValueError(f"{len(content) - start} bytes follow the header, which announces {expected}")
        return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


_BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def is_cifar_folder(folder: Path) -> bool:
    """Return whether a folder holds any of the batches, of either split."""
    return any((folder / name).is_file() for names in _BATCHES.values() for name in names)


def read_cifar(folder: Path, split: str) -> Arrays:
    """Read one split of CIFAR-10.

    Args:
        folder: Holds `data_batch_1` to `data_batch_5`, and `test_batch` for `test`.
        split: `train` or `test`.

    Raises:
        DataError: If a batch is missing, truncated or garbled, or holds objects other than arrays.
    """
    missing = [name for name in _BATCHES[split] if not (folder / name).is_file()]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)} of the {split} split. Unpack all of cifar-10-python.tar.gz."
        )
    images, labels = zip(*(_read_batch(folder / name) for name in _BATCHES[split]), strict=True)
    return Arrays(np.concatenate(images), np.concatenate(labels), _CLASSES)


def _read_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with naming_damage(path, "a CIFAR-10 batch"), path.open("rb") as file:
        batch = _ArraysOnly(file, encoding="bytes").load()
        # Keys are bytes in batches written by Python 2, such as the original ones, and text in those by Python 3.
        batch = {key.decode() if isinstance(key, bytes) else key: value for key, value in batch.items()}
        planes = np.asarray(batch["data"], np.uint8).reshape(-1, 3, 32, 32)
        labels = np.asarray(batch["labels"], np.int64)
        if labels.shape != (len(planes),):
            raise ValueError(f"{len(planes)} images with labels of shape {labels.shape}")
        return planes.transpose(0, 2, 3, 1), labels


class _ArraysOnly(pickle.Unpickler):
    """Unpickles only arrays, numbers, strings and containers; an unrestricted pickle can run any code."""

    def find_class(self, module: str, name: str) -> Any:
        # Taken from an array, because their modules differ between NumPy versions.
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        if module in ("numpy.core.numeric", "numpy._core.numeric") and name == "_frombuffer":
            return np.empty(0).__reduce_ex__(5)[0]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            return _latin1  # how Python 3 writes bytes in the pickle protocols of Python 2
        raise pickle.UnpicklingError(f"it needs {module}.{name}, which a batch of images must not contain")


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError(f"it needs the codec {encoding!r}, which a batch of images must not contain")
    return text.encode("latin1")


def is_svhn_folder(folder: Path) -> bool:
    """Return whether a folder holds the MATLAB file of either split."""
    return any((folder / _name(split)).is_file() for split in ("train", "test"))


def read_svhn(folder: Path, split: str) -> Arrays:
    """Read one split of SVHN.

    Args:
        folder: Holds `train_32x32.mat`, and `test_32x32.mat` for `test`.
        split: `train` or `test`.

    Raises:
        DataError: If the file is missing, truncated or garbled.
    """
    path = folder / _name(split)
    if not path.is_file():
        raise DataError(f"{folder} holds no {path.name}, the {split} split of SVHN. Add the file to that folder.")
    return read_svhn_file(path)


def read_svhn_file(path: Path) -> Arrays:
    """Read one MATLAB file of SVHN, in which label 10 means the digit 0.

    Raises:
        DataError: If the file is truncated or garbled.
    """
    from scipy.io import loadmat

    with naming_damage(path, "a MATLAB file of SVHN"):
        content = loadmat(path, variable_names=("X", "y"))
        images, labels = content["X"], content["y"].reshape(-1).astype(np.int64)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != len(labels):
            raise ValueError(
                f"X is {images.dtype} {list(images.shape)} for {len(labels)} labels, not [H, W, C, N] bytes"
            )
        return Arrays(images.transpose(3, 0, 1, 2), labels % 10, tuple("0123456789"))


def _name(split: str) -> str:
    return f"{split}_32x32.mat"
