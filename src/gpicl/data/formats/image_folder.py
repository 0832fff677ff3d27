"""A folder with one sub-folder of pictures per class."""

from pathlib import Path

import numpy as np

from gpicl.data.formats.arrays import Arrays
from gpicl.data.formats.damage import naming_damage
from gpicl.errors import DataError

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff"}
_GREY = ("1", "L")


def is_image_folder(folder: Path) -> bool:
    """Tell whether a folder holds pictures in sub-folders, below `train` and `test` or not."""
    return any(_pictures(child) for level in _levels(folder) for child in _children(level))


def read_image_folder(folder: Path, split: str) -> Arrays:
    """Read one split.

    Every picture gets the size of the first one (in order of names), because learners read images of one size and
    preprocessing makes them square anyway. They stay grey only if all of them are.

    Args:
        folder: Holds one sub-folder per class, or `train` and `test` which do; without those two there is nothing to
            choose from, and all pictures are both splits.
        split: `train` or `test`.

    Raises:
        DataError: If there are no pictures of that split, or one of them cannot be read.
    """
    levels = _levels(folder)
    chosen = folder / split if levels != [folder] else folder
    # Both splits say what the classes are, so that a class is the same number in both.
    classes = tuple(sorted({child.name for level in levels for child in _children(level) if _pictures(child)}))
    paths = [(path, index) for index, name in enumerate(classes) for path in _pictures(chosen / name)]
    if not paths:
        raise DataError(
            f"{chosen} holds no pictures. Looked for sub-folders named after the classes with files of the kinds "
            f"{', '.join(sorted(_SUFFIXES))} in them."
        )
    return Arrays(_read([path for path, _ in paths]), np.array([index for _, index in paths], np.int64), classes)


def _levels(folder: Path) -> list[Path]:
    splits = [folder / split for split in ("train", "test") if (folder / split).is_dir()]
    has_classes = any(_pictures(child) for split in splits for child in _children(split))
    return splits if has_classes else [folder]


def _children(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.name[0] != ".")


def _read(paths: list[Path]) -> np.ndarray:
    from PIL import Image

    modes = set()
    for path in paths:
        with naming_damage(path, "a picture"), Image.open(path) as picture:
            modes.add(picture.mode)
    mode = "L" if modes <= set(_GREY) else "RGB"
    images: list[np.ndarray] = []
    for path in paths:
        with naming_damage(path, "a picture"), Image.open(path) as picture:
            height, width = images[0].shape[:2] if images else picture.size[::-1]
            converted = picture.convert(mode)
            same = converted.size == (width, height)
            images.append(np.asarray(converted if same else converted.resize((width, height))))
    return np.stack(images)
