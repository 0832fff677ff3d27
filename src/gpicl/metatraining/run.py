"""A run: one configuration, one folder."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from gpicl.files import make_folder, write_atomically
from gpicl.metatraining.config import RunConfig
from gpicl.weights import CARD_FILE


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
    """What differs from the defaults, so that a dial which is added later changes no name."""
    identity, defaults = config.identity(), RunConfig().identity()
    return {
        part: {name: value for name, value in fields.items() if value != defaults[part][name]}
        for part, fields in identity.items()
    }
