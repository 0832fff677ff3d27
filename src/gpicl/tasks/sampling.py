"""Which examples an episode shows, and in what order."""

import numpy as np
from jaxtyping import Int64


class ClassIndex:
    """Draws examples of given classes: at random, not class-balanced, and each at most once where there are enough.

    Args:
        labels: The data set's labels.
        num_classes: Its number of classes.
    """

    def __init__(self, labels: Int64[np.ndarray, " N"], num_classes: int) -> None:
        self._by_class = np.argsort(labels, kind="stable")
        self._counts = np.bincount(labels, minlength=num_classes)
        self._starts = np.concatenate([[0], np.cumsum(self._counts)])

    def draw(
        self, random: np.random.Generator, behind: Int64[np.ndarray, " labels"], length: int, images: int | None = None
    ) -> tuple[Int64[np.ndarray, " T"], Int64[np.ndarray, " T"]]:
        """Draw one episode.

        Args:
            random: The episode's own stream.
            behind: Class behind each label, -1 for none.
            length: Number of examples T.
            images: Draw only so many different examples and repeat them; None for as many as there are positions.

        Returns:
            Indices into the data set, and the labels.
        """
        if images is not None:
            indices, labels = self.draw(random, behind, images)
            repeated = random.integers(0, images, length)
            return indices[repeated], labels[repeated]
        used = np.flatnonzero(behind >= 0)
        ends = np.cumsum(self._counts[behind[used]])
        total = int(ends[-1])
        places = random.choice(total, length, replace=length > total, shuffle=True)
        which = np.searchsorted(ends, places, side="right")
        starts = self._starts[behind[used]] - np.concatenate([[0], ends[:-1]])
        return self._by_class[places + starts[which]], used[which]
