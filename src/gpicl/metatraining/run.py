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
from gpicl.files import make_folder, remove_unfinished_writes, write_atomically
from gpicl.metatraining.build import NO_DATASET
from gpicl.metatraining.config import DataConfig, RunConfig
from gpicl.metatraining.initial_weights import with_first_step_of_init, with_learner_of_init
from gpicl.metatraining.sources import check_unchanged, extensions_source, learner_source
from gpicl.metatraining.typed_settings import with_floats
from gpicl.tasks import EPISODES_VERSION
from gpicl.weights import CARD_FILE, WEIGHTS_FILE, find_weights, load_card


class Run:
    """The folder of a run, named by a hash of everything that determines its weights.

    The same configuration always has the same folder. Files of data enter the hash by their content, so the same data
    at another path are the same run.

    Args:
        config: Configuration of the run.
        output: Folder of all runs.

    Raises:
        GpiclError: If the initial weights cannot be found.
    """

    def __init__(self, config: RunConfig, output: Path | str) -> None:
        self.config = config = with_first_step_of_init(with_learner_of_init(config))
        digest = hashlib.sha256(json.dumps(_name_giving(config), sort_keys=True, default=_refuse).encode()).hexdigest()[
            :10
        ]
        learner = config.learner.name.rpartition(".")[2]
        data = Path(config.data.dataset.rpartition("=")[2]).stem
        self.folder = Path(output) / f"{learner}-{data}-{digest}"
        if not _has_no_file(config.data.dataset) and not self.folder.exists():
            # The same data may have had another file name.
            same = (path for path in _folders(Path(output)) if path.name.startswith(f"{learner}-"))
            self.folder = next((path for path in same if path.name.endswith(f"-{digest}")), self.folder)

    @property
    def checkpoint(self) -> Path:
        """Path of the checkpoint of an unfinished run."""
        return self.folder / "checkpoint.ckpt"

    @property
    def log(self) -> Path:
        """Path of the log: loss and accuracies by step."""
        return self.folder / "metrics.csv"

    @property
    def results(self) -> Path:
        """Path of the table of the meta-test."""
        return self.folder / "results.csv"

    @property
    def report(self) -> Path:
        """Path of the report, a self-contained HTML page."""
        return self.folder / "report.html"

    @property
    def finished(self) -> bool:
        """Whether the weights are complete; their card is written last."""
        return (self.folder / CARD_FILE).exists()

    def sources(self, data: str | None = None) -> dict[str, str | None]:
        """Return hashes of the data and of the source code of the learner and its extensions.

        Args:
            data: Hash of the training examples, if they are already loaded.

        Returns:
            `learner`, the hash of the source code (None if there is no source file), `data`, `episodes`, the version of
            the code that makes them, and, if the run has own widenings or callbacks, `extensions`.

        Raises:
            GpiclError: If the data or the learner cannot be found.
        """
        config = self.config
        found = {"learner": learner_source(config.learner.name), "data": data or _data_digest(config.data)}
        found["episodes"] = str(EPISODES_VERSION)
        own = extensions_source([*config.tasks.widen, *(each.name for each in config.training.callbacks)])
        return found if own is None else {**found, "extensions": own}

    def check_unchanged(self) -> str | None:
        """Check whether the learner's code or the data have changed since a finished run was made.

        Returns:
            A warning, or None; see `sources.check_unchanged`.

        Raises:
            ConfigError: If the data, or the user's own learner, widenings or callbacks have changed.
        """
        made_from = load_card(self.folder).get("sources")
        return self.compare(made_from, self.sources())

    def compare(self, made_from: Any, now: dict[str, str | None]) -> str | None:
        """Compare recorded hashes with the current ones; see `check_unchanged`.

        Args:
            made_from: Hashes in the run's card or checkpoint; None if it has none.
            now: Current hashes; see `sources`.
        """
        config = self.config
        noted = made_from if isinstance(made_from, dict) else None
        return check_unchanged(noted, now, config.learner.name, config.data.dataset, self.folder)

    def create(self) -> None:
        """Create the folder, and write the configuration to it.

        Raises:
            ConfigError: If the folder cannot be written to.
        """
        make_folder(self.folder)
        text = yaml.safe_dump(asdict(self.config), sort_keys=False)
        write_atomically(self.folder / "config.yaml", lambda part: part.write_text(text))

    def clear(self) -> None:
        """Remove the files of the run, so that it starts again. The card goes first, as its presence means success."""
        for path in self._files():
            path.unlink(missing_ok=True)
        for folder in ("best", "tensorboard", "outcomes"):
            shutil.rmtree(self.folder / folder, ignore_errors=True)

    def remove_unfinished_writes(self) -> None:
        """Remove temporary files that a killed process left. The run must be locked."""
        for path in (*self._files(), self.folder / "config.yaml"):
            remove_unfinished_writes(path)

    def _files(self) -> tuple[Path, ...]:
        made = (self.folder / CARD_FILE, self.folder / WEIGHTS_FILE, self.checkpoint, self.log)
        return (*made, self.results, self.report)


def _name_giving(config: RunConfig) -> dict[str, Any]:
    """Return the settings that differ from the defaults, so that settings added later do not change names."""
    identity, defaults = with_floats(config).identity(), RunConfig().identity()
    found: dict[str, Any] = {
        part: {name: value for name, value in fields.items() if value != defaults[part].get(name)}
        for part, fields in identity.items()
        if part in defaults
    }
    if config.init is not None:
        found["init"] = load_card(find_weights(config.init))["sha256"]
    if "measured" in identity:
        found["measured"] = identity["measured"]
    found["data"].pop("root", None)  # the location of a known data set's files does not matter
    if not _has_no_file(config.data.dataset):
        with suppress(GpiclError):  # missing or unreadable data are named by their path
            found["data"]["dataset"] = _data_digest(config.data)
    return found


def _refuse(value: Any) -> NoReturn:
    raise ConfigError(
        f"The configuration holds {value!r}, a {type(value).__name__}. A run is named and rebuilt by its "
        "configuration, so it must hold only numbers, strings, booleans, None, and lists and dictionaries of them."
    )


def _has_no_file(dataset: str) -> bool:
    """Return whether a data set is known by name, or is `none`, rather than the user's own file."""
    return is_known(dataset) or dataset == NO_DATASET


def _data_digest(data: DataConfig) -> str | None:
    if data.dataset == NO_DATASET:
        return None
    return load_contents(data.dataset, "train", data.root, data.size, data.channels).digest


def _folders(output: Path) -> list[Path]:
    return sorted(path for path in output.iterdir() if path.is_dir()) if output.is_dir() else []
