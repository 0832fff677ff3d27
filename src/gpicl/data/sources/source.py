"""What every known data set can do."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gpicl.data.dataset import ImageDataset

Kind = Literal["offline", "file", "download"]


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """A known data set: what it is, and how one split of it is loaded.

    Args:
        name: Its name.
        image_shape: Height, width and channels.
        classes: Names of its classes.
        num_train: Images of the train split.
        num_test: Images of the test split.
        origin: Where it comes from.
        licence: Under what terms.
    """

    name: str
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    num_train: int
    num_test: int
    origin: str
    licence: str

    @abstractmethod
    def load(self, split: str, root: Path | None) -> ImageDataset:
        """Load one split.

        Args:
            split: `train` or `test`.
            root: Folder where its files lie, or None.

        Raises:
            DataError: If it cannot be had.
        """

    @abstractmethod
    def whereabouts(self) -> tuple[Kind, bool, str]:
        """Tell its kind, whether it can be loaded now without a network, and where it is or what to do."""
