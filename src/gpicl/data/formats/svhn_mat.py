"""The cropped digits of SVHN: MATLAB files with `X` [32, 32, 3, N] and `y` [N, 1]."""

from pathlib import Path

import numpy as np

from gpicl.data.formats.arrays import Arrays
from gpicl.data.formats.damage import naming_damage
from gpicl.errors import DataError


def is_svhn_folder(folder: Path) -> bool:
    """Tell whether a folder holds the MATLAB file of either split."""
    return any((folder / _name(split)).is_file() for split in ("train", "test"))


def read_svhn(folder: Path, split: str) -> Arrays:
    """Read one split.

    Args:
        folder: Holds `train_32x32.mat`, and `test_32x32.mat` for `test`.
        split: `train` or `test`.

    Raises:
        DataError: If the file is missing, truncated or garbled.
    """
    path = folder / _name(split)
    if not path.is_file():
        raise DataError(f"{folder} holds no {path.name}, the {split} split of SVHN. Put it there beside the other one.")
    return read_svhn_file(path)


def read_svhn_file(path: Path) -> Arrays:
    """Read one MATLAB file. Its label 10 means the digit 0.

    Args:
        path: The file.

    Raises:
        DataError: If it is truncated or garbled.
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
