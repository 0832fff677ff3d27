"""One run of a sweep."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from gpicl.errors import GpiclError
from gpicl.metatraining import Run, RunConfig
from gpicl.weights import CARD_FILE, find_weights

Key = str | int | float | bool | None


@dataclass(frozen=True)
class SweptRun:
    """A configuration, and its place in the grid.

    Args:
        config: The run.
        keys: Where in the grid it stands, by the name of the axis: the first columns of the sweep's tables.
        batch: Episodes at once of its meta-test, as its memory allows.
    """

    config: RunConfig
    keys: dict[str, Key] = field(default_factory=dict)
    batch: int = 128

    def folder(self, output: Path | str) -> Path:
        """The run's folder, the same for the same configuration wherever in a grid it stands.

        Args:
            output: Folder of all runs.

        Returns:
            The folder; of a run that waits for another one's weights, which are part of its name, a name that no
            folder has.
        """
        if self.waits:
            return Path(output) / f"waiting-{hashlib.sha256(repr(self.config.identity()).encode()).hexdigest()[:10]}"
        return Run(self.config, output).folder

    @property
    def waits(self) -> bool:
        """Whether the weights that it begins with (`init`) are not there yet."""
        if self.config.init is None:
            return False
        try:
            return not (find_weights(self.config.init) / CARD_FILE).exists()
        except GpiclError:
            return True

    @property
    def title(self) -> str:
        """What to call it in a line of progress."""
        return ", ".join(f"{name} {value}" for name, value in self.keys.items())
