"""Recognise the format of a path and read it."""

from pathlib import Path

from gpicl.data.formats.array_files import (
    Arrays,
    is_cifar_folder,
    is_idx_folder,
    is_svhn_folder,
    read_cifar,
    read_idx,
    read_npz,
    read_svhn,
    read_svhn_file,
)
from gpicl.data.formats.image_folder import is_image_folder, read_image_folder
from gpicl.errors import DataError

FILE_FORMATS = (
    "a folder of IDX files (train-images-idx3-ubyte[.gz] and so on), a .npz file with x and y or x_train, y_train, "
    "x_test and y_test, the folder of the CIFAR-10 Python batches, the cropped .mat files of SVHN, or a folder with "
    "one sub-folder of pictures per class"
)

_FOLDER_FORMATS = ((is_idx_folder, read_idx), (is_cifar_folder, read_cifar), (is_svhn_folder, read_svhn))


def read_path(path: Path, split: str, hints: tuple[str, ...] = ()) -> Arrays:
    """Read one split from a file or folder in any accepted format.

    Args:
        path: The file or folder. The files may also be in a subfolder `raw`, or in torchvision's layout, `MNIST/raw`.
        split: `train` or `test`. A file with a single split serves as both.
        hints: Paths below the folder to try first for this data set. With hints, other data sets' folders below it are
            not searched.

    Raises:
        DataError: If the path does not exist, has no known format, or holds several data sets.
    """
    if not path.exists():
        raise DataError(f"There is no file or folder {path}. Accepted: {FILE_FORMATS}.")
    if path.is_file():
        return _read_file(path, split)
    for place in (*(path / hint for hint in hints), path, path / "raw", path / "cifar-10-batches-py"):
        if place.is_file():
            return _read_file(place, split)
        for is_here, read in _FOLDER_FORMATS:
            if is_here(place):
                return read(place, split)
    raw = [] if hints else [place for place in sorted(path.glob("*/raw")) if is_idx_folder(place)]
    if len(raw) > 1:
        raise DataError(
            f"{path} holds several data sets: {', '.join(str(place) for place in raw)}. Give the path of one of them."
        )
    if raw:
        return read_idx(raw[0], split)
    if is_image_folder(path):
        return read_image_folder(path, split)
    raise DataError(f"{path} holds no data set. Accepted: {FILE_FORMATS}.")


def _read_file(path: Path, split: str) -> Arrays:
    if path.suffix == ".npz":
        return read_npz(path, split)
    if path.suffix == ".mat":
        return read_svhn_file(path)
    raise DataError(
        f"{path} is not in a known format. Accepted: {FILE_FORMATS}. For IDX files and CIFAR-10 batches, give the "
        "folder that holds them."
    )
