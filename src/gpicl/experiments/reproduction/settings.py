"""What a user decides about an experiment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Scale = Literal["smoke", "laptop", "paper"]
SCALES: tuple[Scale, ...] = ("smoke", "laptop", "paper")


@dataclass(frozen=True)
class Settings:
    """The scale of an experiment and what it is made from.

    Args:
        scale: `smoke` (seconds, every line is run), `laptop` (two cores, the phenomenon shows), `paper` (a cluster).
        sources: From the names of the data sets that experiments speak of (`mnist`, `fashion_mnist`, ...) to what is
            loaded in their place.
        output: Folder of all runs.
        seeds: Runs of every place in the grid; None for the experiment's own number.
        features: Archives of frozen features to meta-train and meta-test on, for the experiment `embeddings`; None
            for those that it makes itself.
    """

    scale: Scale = "laptop"
    sources: Mapping[str, str] = field(default_factory=dict)
    output: Path = Path("runs")
    seeds: int | None = None
    features: tuple[str, str] | None = None

    def source(self, name: str) -> str:
        """What is loaded for a data set.

        Args:
            name: Such as `mnist`.
        """
        return self.sources.get(name, name)

    def label(self, name: str) -> str:
        """What a data set is called in tables.

        Args:
            name: Such as `mnist`.
        """
        return self.source(name).partition("=")[0]
