"""A run: one configuration, one folder."""

import hashlib
import json
import shutil
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import yaml

from gpicl.data import is_known, load_contents
from gpicl.errors import ConfigError, GpiclError
from gpicl.files import make_folder, write_atomically
from gpicl.metatraining.build import NO_DATASET
from gpicl.metatraining.config import DataConfig, RunConfig
from gpicl.metatraining.initial_weights import with_first_step_of_init, with_learner_of_init
from gpicl.metatraining.sources import check_unchanged, learner_source
from gpicl.weights import CARD_FILE, WEIGHTS_FILE, find_weights, load_card


class Run:
    """The folder of a run, named by the hash of what decides its weights. The same configuration is the same folder.

    Data from files enter the hash by their content, so the same data by another path are the same run.

    Args:
        config: The configuration.
        output: Folder of all runs.

    Raises:
        GpiclError: If the weights to begin with cannot be found.
    """

    def __init__(self, config: RunConfig, output: Path | str) -> None:
        self.config = config = with_first_step_of_init(with_learner_of_init(config))
        digest = hashlib.sha256(json.dumps(_name_giving(config), sort_keys=True, default=_refuse).encode()).hexdigest()[
            :10
        ]
        learner = config.learner.name.rpartition(".")[2]
        data = Path(config.data.dataset.rpartition("=")[2]).stem
        self.folder = Path(output) / f"{learner}-{data}-{digest}"
        if not has_no_file(config.data.dataset) and not self.folder.exists():
            # The same data may have had another file's name.
            same = (path for path in _folders(Path(output)) if path.name.startswith(f"{learner}-"))
            self.folder = next((path for path in same if path.name.endswith(f"-{digest}")), self.folder)

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

    def sources(self, data: str | None = None) -> dict[str, str | None]:
        """Hash what the run is made from besides its configuration.

        Args:
            data: Hash of the training examples, where they have been loaded already.

        Returns:
            `learner`, of the learner's source code (None where there is none to read), and `data`.

        Raises:
            GpiclError: If the data or the learner cannot be found.
        """
        return {"learner": learner_source(self.config.learner.name), "data": data or _data_digest(self.config.data)}

    def check_unchanged(self) -> str | None:
        """Compare a finished run with what the same configuration would be made from now.

        Returns:
            A warning, if there is reason for one; see `sources.check_unchanged`.

        Raises:
            ConfigError: If the data, or a learner of the user's own, have changed.
        """
        made_from = load_card(self.folder).get("sources")
        return self.compare(made_from, self.sources())

    def compare(self, made_from: Any, now: dict[str, str | None]) -> str | None:
        """Compare what the run was made from with something else; see `check_unchanged`.

        Args:
            made_from: What the run's card or checkpoint says; None if it says nothing.
            now: See `sources`.
        """
        config = self.config
        noted = made_from if isinstance(made_from, dict) else None
        return check_unchanged(noted, now, config.learner.name, config.data.dataset, self.folder)

    def create(self) -> None:
        """Create the folder, and write the configuration into it.

        Raises:
            ConfigError: If the folder cannot be written to.
        """
        make_folder(self.folder)
        text = yaml.safe_dump(asdict(self.config), sort_keys=False)
        write_atomically(self.folder / "config.yaml", lambda part: part.write_text(text))

    def clear(self) -> None:
        """Remove what the run has made, so that it begins again; the card first, as its presence means success."""
        made = (self.folder / CARD_FILE, self.folder / WEIGHTS_FILE, self.checkpoint, self.log)
        for path in (*made, self.results, self.report):
            path.unlink(missing_ok=True)
        for folder in ("best", "tensorboard"):
            shutil.rmtree(self.folder / folder, ignore_errors=True)


def _name_giving(config: RunConfig) -> dict[str, Any]:
    """What differs from the defaults, so that a dial which is added later changes no name."""
    identity, defaults = config.identity(), RunConfig().identity()
    found: dict[str, Any] = {
        part: {name: value for name, value in fields.items() if value != defaults[part].get(name)}
        for part, fields in identity.items()
        if part in defaults
    }
    if config.init is not None:
        found["init"] = load_card(find_weights(config.init))["sha256"]
    if "measured" in identity:
        found["measured"] = identity["measured"]
    found["data"].pop("root", None)  # where the files of a known data set lie does not matter
    if not has_no_file(config.data.dataset):
        with suppress(GpiclError):  # what is not there yet, or cannot be read, is named by its path
            found["data"]["dataset"] = _data_digest(config.data)
    return found


def _refuse(value: Any) -> NoReturn:
    raise ConfigError(
        f"The configuration holds {value!r}, a {type(value).__name__}. A run is named and rebuilt by its "
        "configuration, so it must hold numbers, texts, truth values, None, and lists and dictionaries of them."
    )


def has_no_file(dataset: str) -> bool:
    """Whether data are those of a known name, or none at all, rather than a file's of the user's own."""
    return is_known(dataset) or dataset == NO_DATASET


def _data_digest(data: DataConfig) -> str | None:
    if data.dataset == NO_DATASET:
        return None
    return load_contents(data.dataset, "train", data.root, data.size, data.channels).digest


def _folders(output: Path) -> list[Path]:
    return sorted(path for path in output.iterdir() if path.is_dir()) if output.is_dir() else []
