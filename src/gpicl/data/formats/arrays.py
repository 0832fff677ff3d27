"""What every format's reader gives."""

from typing import NamedTuple

import numpy as np


class Arrays(NamedTuple):
    """One split, as the file has it; `ImageDataset.from_arrays` checks and converts.

    Args:
        images: [N, H, W] or [N, H, W, C].
        labels: [N], class indices or strings.
        classes: Names of the classes, the same for both splits.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
