"""The Python batches of CIFAR-10: pickled dictionaries of planar pixels."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from gpicl.data.formats.arrays import Arrays
from gpicl.data.formats.damage import naming_damage
from gpicl.errors import DataError

_BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def is_cifar_folder(folder: Path) -> bool:
    """Tell whether a folder holds any of the batches, of either split."""
    return any((folder / name).is_file() for names in _BATCHES.values() for name in names)


def read_cifar(folder: Path, split: str) -> Arrays:
    """Read one split.

    Args:
        folder: Holds `data_batch_1` to `data_batch_5`, and `test_batch` for `test`.
        split: `train` or `test`.

    Raises:
        DataError: If a batch is missing, truncated or garbled, or holds anything but arrays.
    """
    missing = [name for name in _BATCHES[split] if not (folder / name).is_file()]
    if missing:
        raise DataError(
            f"{folder} lacks {', '.join(missing)} of the {split} split. Unpack the whole of cifar-10-python.tar.gz."
        )
    images, labels = zip(*(_read(folder / name) for name in _BATCHES[split]), strict=True)
    return Arrays(np.concatenate(images), np.concatenate(labels), _CLASSES)


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with naming_damage(path, "a CIFAR-10 batch"), path.open("rb") as file:
        batch = _ArraysOnly(file, encoding="bytes").load()
        # Keys are bytes where Python 2 wrote the batch, as the original ones, and text where Python 3 did.
        batch = {key.decode() if isinstance(key, bytes) else key: value for key, value in batch.items()}
        planes = np.asarray(batch["data"], np.uint8).reshape(-1, 3, 32, 32)
        labels = np.asarray(batch["labels"], np.int64)
        if labels.shape != (len(planes),):
            raise ValueError(f"{len(planes)} images with labels of shape {labels.shape}")
        return planes.transpose(0, 2, 3, 1), labels


class _ArraysOnly(pickle.Unpickler):
    """Unpickles arrays, numbers, strings and containers; a pickle may otherwise run any code of its author's."""

    def find_class(self, module: str, name: str) -> Any:
        # Taken from an array, because their modules have moved from one NumPy to the next.
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        if module in ("numpy.core.numeric", "numpy._core.numeric") and name == "_frombuffer":
            return np.empty(0).__reduce_ex__(5)[0]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            return _latin1  # how Python 3 writes bytes for the protocols of Python 2
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch of images needs")


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError(f"it asks for the codec {encoding!r}, which no batch of images needs")
    return text.encode("latin1")
