"""Settings of an experiment: its scale, and the sources of its data sets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gpicl.data import list_datasets, load_features
from gpicl.errors import ConfigError, DataError

ScaleName = Literal["smoke", "laptop", "gpu"]
SCALES: tuple[ScaleName, ...] = ("smoke", "laptop", "gpu")
"""Names of the scales."""

# A smoke test must run offline: it uses the 5,000 MNIST images in the package and other small images.
_OFFLINE = {"mnist": "mnist_5k", "fashion_mnist": "digits", "kmnist": "digits", "cifar10": "random", "svhn": "random"}


_CLASSES = 10


@dataclass(frozen=True)
class Settings:
    """Scale, data sets and folders of an experiment.

    Args:
        scale: `smoke` (seconds; only runs the code), `laptop` (two cores; shows the phenomenon), `gpu` (one GPU; the
            paper's sizes).
        sources: Maps names of data sets in experiments (`mnist`, `fashion_mnist`, ...) to the data sets that are loaded
            instead; see `find_sources`.
        output: Folder of all runs.
        seeds: Seeds per cell of the grid; None for the number of the experiment.
        features: Archives of frozen features to meta-train and meta-test on, for the experiment `embeddings`; None
            for the features that it makes itself.
        device: Where to meta-train and meta-test; see `find_device`.
    """

    scale: ScaleName = "laptop"
    sources: Mapping[str, str] = field(default_factory=dict)
    output: Path = Path("runs")
    seeds: int | None = None
    features: tuple[str, str] | None = None
    device: str | None = None

    def source(self, name: str) -> str:
        """Data set that is loaded for a name such as `mnist`."""
        return self.sources.get(name, name)

    def label(self, name: str) -> str:
        """Label in tables for a name such as `mnist`."""
        return self.source(name).partition("=")[0]


def find_sources(scale: ScaleName, data: str | None) -> dict[str, str]:
    """Find the source of each data set.

    Args:
        scale: Scale; `smoke` uses only data sets that need no download.
        data: Replacements, as in mnist=files/mnist.npz,fashion_mnist=mnist_5k: paths, or names of known data sets.

    Raises:
        ConfigError: If a part is not NAME=PATH, or names a data set that no experiment uses.
    """
    sources = dict(_OFFLINE) if scale == "smoke" else {}
    known = {info.name for info in list_datasets()}
    for part in data.split(",") if data else ():
        name, separator, place = part.partition("=")
        if not (separator and place):
            raise ConfigError(f"--data takes a comma-separated list of NAME=PATH, not {part!r}.")
        if name not in _OFFLINE:
            raise ConfigError(f"No experiment uses a data set {name!r}. They use {', '.join(_OFFLINE)}.")
        sources[name] = place if place in known else part
    return sources


def check_classes(settings: Settings) -> None:
    """Check that replaced data sets have ten classes, as all data sets of the experiments: the rules depend on it.

    Args:
        settings: Its `sources`.

    Raises:
        DataError: If a data set is missing, or has another number of classes.
    """
    for source in sorted(set(settings.sources.values())):
        count = len(load_features(source, "test").classes)
        if count != _CLASSES:
            raise DataError(
                f"--data {source}: this data set has {count} classes, and the experiments need {_CLASSES}, because "
                "their rules compare accuracies with 10 %, that of guessing. Give a data set of ten classes."
            )
