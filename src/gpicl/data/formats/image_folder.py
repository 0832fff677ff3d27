"""A folder with one sub-folder of pictures per class."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gpicl.data.formats.array_files import Arrays, naming_damage
from gpicl.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff"}
# Pillow's modes for grey pictures; those after "L" have more than one byte per pixel.
_GREY = ("1", "L", "I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_DEEP = _GREY[2:]


def is_image_folder(folder: Path) -> bool:
    """Return whether a folder holds pictures in sub-folders, directly or below `train` and `test`."""
    return any(_pictures(child) for level in _levels(folder) for child in _children(level))


def read_image_folder(folder: Path, split: str) -> Arrays:
    """Read one split of an image folder.

    Pixels of 16 bits are scaled to 8 bits, and fractions 0..1 to 0..255. Every picture is resized to the size of the
    first one (in order of names), because learners read images of one size and preprocessing makes them square
    anyway. The images are grey only if all pictures are grey.

    Args:
        folder: Holds one sub-folder per class, or `train` and `test` with such sub-folders. Without `train` and `test`
            all pictures serve as both splits.
        split: `train` or `test`.

    Raises:
        DataError: If the split has no pictures, or one of them cannot be read.
    """
    levels = _levels(folder)
    chosen = folder / split if levels != [folder] else folder
    # The classes are collected from both splits, so that a class has the same number in both.
    classes = tuple(sorted({child.name for level in levels for child in _children(level) if _pictures(child)}))
    paths = [(path, index) for index, name in enumerate(classes) for path in _pictures(chosen / name)]
    if not paths:
        raise DataError(
            f"{chosen} holds no pictures. It needs one sub-folder per class, with files ending in "
            f"{', '.join(sorted(_SUFFIXES))}."
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
            converted = _as_bytes(picture).convert(mode)
            same = converted.size == (width, height)
            images.append(np.asarray(converted if same else converted.resize((width, height))))
    return np.stack(images)


def _as_bytes(picture: "Image") -> "Image":
    """Scale a picture with more than one byte per pixel to bytes; Pillow itself would clip it at 255.

    Raises:
        DataError: If the pixels are neither 16-bit numbers nor fractions.
    """
    import PIL.Image

    if picture.mode not in _DEEP:
        return picture
    pixels = np.asarray(picture)
    fractions = picture.mode == "F"
    highest = 1.0 if fractions else 65535.0
    low, high = (float(pixels.min()), float(pixels.max())) if pixels.size else (0.0, 0.0)
    if not (low >= 0 and high <= highest):  # rejects NaN too
        kind, path = "fractions" if fractions else "numbers", getattr(picture, "filename", "A picture")
        raise DataError(
            f"{path} has pixels that are {kind} from {low:g} to {high:g}; they must be in 0..{highest:g}. Scale them, "
            "or save the picture with 8 bits."
        )
    return PIL.Image.fromarray(np.rint(pixels.astype(np.float64) * (255 / highest)).astype(np.uint8))
