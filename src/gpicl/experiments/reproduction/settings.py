"""What a user decides about an experiment: its scale, and which data sets stand behind the names it speaks of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gpicl.data import list_datasets
from gpicl.errors import ConfigError

ScaleName = Literal["smoke", "laptop", "gpu"]
SCALES: tuple[ScaleName, ...] = ("smoke", "laptop", "gpu")
"""Names of the scales."""

# A smoke test must run without a network: MNIST's 5,000 packaged images, and other small pictures of digits.
_OFFLINE = {"mnist": "mnist_5k", "fashion_mnist": "digits", "kmnist": "digits", "cifar10": "random", "svhn": "random"}


@dataclass(frozen=True)
class Settings:
    """The scale of an experiment and what it is made from.

    Args:
        scale: `smoke` (seconds, every line is run), `laptop` (two cores, the phenomenon shows), `gpu` (the
            paper's sizes on one GPU).
        sources: From the names of the data sets that experiments speak of (`mnist`, `fashion_mnist`, ...) to what is
            loaded in their place; see `find_sources`.
        output: Folder of all runs.
        seeds: Runs of every place in the grid; None for the experiment's own number.
        features: Archives of frozen features to meta-train and meta-test on, for the experiment `embeddings`; None
            for those that it makes itself.
        device: Where to meta-train and meta-test; see `find_device`.
    """

    scale: ScaleName = "laptop"
    sources: Mapping[str, str] = field(default_factory=dict)
    output: Path = Path("runs")
    seeds: int | None = None
    features: tuple[str, str] | None = None
    device: str | None = None

    def source(self, name: str) -> str:
        """What is loaded for a data set such as `mnist`."""
        return self.sources.get(name, name)

    def label(self, name: str) -> str:
        """What a data set such as `mnist` is called in tables."""
        return self.source(name).partition("=")[0]


def find_sources(scale: ScaleName, data: str | None) -> dict[str, str]:
    """Decide what is loaded for each data set.

    Args:
        scale: At `smoke`, data sets that need no network take the others' place.
        data: What the user gives in their place, as in mnist=files/mnist.npz,fashion_mnist=mnist_5k; a path, or the
            name of a known data set.

    Raises:
        ConfigError: If a part of it is no NAME=PATH, or names a data set that no experiment speaks of.
    """
    sources = dict(_OFFLINE) if scale == "smoke" else {}
    known = {info.name for info in list_datasets()}
    for part in data.split(",") if data else ():
        name, separator, place = part.partition("=")
        if not (separator and place):
            raise ConfigError(f"--data is a list of NAME=PATH with commas between them, and {part!r} is none.")
        if name not in _OFFLINE:
            raise ConfigError(f"No experiment speaks of a data set {name!r}. They speak of {', '.join(_OFFLINE)}.")
        sources[name] = place if place in known else part
    return sources
