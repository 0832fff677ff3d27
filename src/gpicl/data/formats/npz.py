"""NumPy archives: `x` and `y`, or `x_train`, `y_train`, `x_test`, `y_test`."""

from pathlib import Path

import numpy as np

from gpicl.data.class_labels import class_indices
from gpicl.data.formats.arrays import Arrays
from gpicl.data.formats.damage import naming_damage
from gpicl.errors import DataError


def read_npz(path: Path, split: str) -> Arrays:
    """Read images and labels from a NumPy archive.

    Args:
        path: The file. With `x` and `y` alone there is nothing to choose from: they are both splits.
        split: `train` or `test`.

    Raises:
        DataError: If the file is truncated or garbled, or has none of the keys.
    """
    with (
        naming_damage(path, "a NumPy archive"),
        path.open("rb") as file,  # NumPy leaves a file that it opened itself open when the archive is damaged
        np.load(file, allow_pickle=False) as archive,
    ):
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise DataError(
                f"{path} is a single NumPy array. Save images and labels together: numpy.savez(path, x=, y=)."
            )
        wanted = (f"x_{split}", f"y_{split}") if f"x_{split}" in archive else ("x", "y")
        if not all(key in archive for key in wanted):
            raise DataError(
                f"{path} holds {', '.join(archive) or 'nothing'}. Looked for x_{split} and y_{split}, or x and y: save "
                "it with numpy.savez(path, x_train=..., y_train=..., x_test=..., y_test=...)."
            )
        images, labels = archive[wanted[0]], archive[wanted[1]]
        # Both splits say what the classes are, so that a class is the same number in both.
        both = [archive[key] for key in ("y_train", "y_test") if wanted[1] != "y" and key in archive] or [labels]
        every = np.concatenate([np.ravel(part) for part in both])
        indices, classes = class_indices(every, None, len(every), str(path))
        # The archive's own labels, numbered by the classes of both splits.
        first = len(np.ravel(both[0])) if wanted[1] == "y_test" and len(both) == 2 else 0
        own = indices[first : first + len(labels)] if np.ndim(labels) == 1 else labels
        return Arrays(images, own, classes)
