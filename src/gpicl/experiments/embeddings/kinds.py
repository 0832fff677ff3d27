"""Which features there are, how many, and where they lie."""

from pathlib import Path
from typing import NamedTuple

from gpicl.experiments.reproduction import Settings

PIXELS, PCA, CONVOLUTION, GIVEN = "pixels", "pca", "convolution", "given"


class _Size(NamedTuple):
    pixels: int
    features: int


_SIZES = {"smoke": _Size(6, 9), "laptop": _Size(14, 64), "paper": _Size(28, 256)}


def size_of(settings: Settings) -> _Size:
    """Height of the images that features are made from, and number of features.

    Args:
        settings: Say the scale.
    """
    return _SIZES[settings.scale]


def archive_of(settings: Settings, kind: str, name: str) -> Path:
    """Say where the features of a data set lie.

    Args:
        settings: Scale, data sets, and folder of all runs.
        kind: `pca` or `convolution`.
        name: Of the data set, such as `mnist`.
    """
    size = size_of(settings)
    return settings.output / "features" / f"{kind}-{settings.label(name)}-{size.pixels}-{size.features}.npz"
