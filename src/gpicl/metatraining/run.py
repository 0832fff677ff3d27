"""A run: one configuration, one folder."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from gpicl.files import make_folder, write_atomically
from gpicl.metatraining.config import RunConfig, TaskConfig
from gpicl.weights import CARD_FILE

# Fields of `tasks` that came after runs had been made. At their defaults they do not enter a run's name, so that a
# run keeps its name from version to version.
_LATER = (
    "fewest_classes",
    "variety_probability",
    "label_noise_probability",
    "invention_probability",
    "merging_probability",
)


class Run:
    """The folder of a run, named by the hash of what decides its weights. The same configuration is the same folder.

    Args:
        config: The configuration.
        output: Folder of all runs.
    """

    def __init__(self, config: RunConfig, output: Path | str) -> None:
        self.config = config
        digest = hashlib.sha256(json.dumps(_name_giving(config), sort_keys=True).encode()).hexdigest()[:10]
        learner = config.learner.name.rpartition(".")[2]
        data = Path(config.data.dataset.rpartition("=")[2]).stem
        self.folder = Path(output) / f"{learner}-{data}-{digest}"

    @property
    def checkpoint(self) -> Path:
        """States of a run that is under way."""
        return self.folder / "checkpoint.ckpt"

    @property
    def log(self) -> Path:
        """Loss and accuracies by step."""
        return self.folder / "metrics.csv"

    @property
    def results(self) -> Path:
        """Tidy table of the meta-test."""
        return self.folder / "results.csv"

    @property
    def report(self) -> Path:
        """Self-contained page."""
        return self.folder / "report.html"

    @property
    def finished(self) -> bool:
        """Whether the weights are there; their card is written last."""
        return (self.folder / CARD_FILE).exists()

    def create(self) -> None:
        """Create the folder, and write the configuration into it.

        Raises:
            ConfigError: If the folder cannot be written to.
        """
        make_folder(self.folder)
        text = yaml.safe_dump(asdict(self.config), sort_keys=False)
        write_atomically(self.folder / "config.yaml", lambda part: part.write_text(text))


def _name_giving(config: RunConfig) -> dict[str, Any]:
    identity, defaults = config.identity(), asdict(TaskConfig())
    for name in _LATER:
        if identity["tasks"][name] == defaults[name]:
            del identity["tasks"][name]
    return identity
