"""IDX, the format of MNIST and its kin: a header of big-endian sizes, then bytes; plain or gzipped."""

import gzip
import struct
from pathlib import Path

import numpy as np

from gpicl.data.formats.arrays import Arrays
from gpicl.data.formats.damage import naming_damage
from gpicl.errors import DataError

_STEMS = {"train": "train", "test": "t10k"}
_UNSIGNED_BYTE = 8


def is_idx_folder(folder: Path) -> bool:
    """Tell whether a folder holds any of the IDX files, of either split."""
    return any(name for split in _STEMS for what in ("images", "labels") for name in _present(folder, split, what))


def read_idx(folder: Path, split: str) -> Arrays:
    """Read images and labels of one split.

    Args:
        folder: Holds `train-images-idx3-ubyte[.gz]`, `train-labels-idx1-ubyte[.gz]`, and `t10k-...` for `test`; a dot
            in place of the second dash is the same file under another name.
        split: `train` or `test`.

    Raises:
        DataError: If a file is missing, truncated or garbled, or the two do not belong together.
    """
    images = _read(_find(folder, split, "images"), 3)
    labels = _read(_find(folder, split, "labels"), 1)
    if len(images) != len(labels):
        raise DataError(
            f"{folder}: the {split} split has {len(images)} images but {len(labels)} labels. The files belong to "
            "different data sets; get both again from one place."
        )
    # The number of classes must not depend on the split, and a small split may lack the last class.
    others = [_read(path, 1) for name in _STEMS for path in _present(folder, name, "labels")[:1]]
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
            f"{folder} holds no {what} of the {split} split. Looked for {', '.join(_names(split, what))}: put one of "
            "them there, or give another folder."
        )
    return present[0]


def _read(path: Path, dimensions: int) -> np.ndarray:
    with naming_damage(path, "an IDX file"):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        zero, kind, found = struct.unpack(">HBB", content[:4])
        if (zero, kind, found) != (0, _UNSIGNED_BYTE, dimensions):
            raise ValueError(f"its header is {content[:4].hex()}, not that of bytes in {dimensions} dimensions")
        start = 4 + 4 * dimensions
        shape = struct.unpack(f">{dimensions}I", content[4:start])
        # Compared before reshaping, so that a truncated file says by how much.
        expected = int(np.prod(shape, dtype=np.float64))
        if len(content) - start != expected:
            raise ValueError(f"{len(content) - start} bytes follow the header, which announces {expected}")
        return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
