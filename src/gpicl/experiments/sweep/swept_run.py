"""One run of a sweep."""

from dataclasses import dataclass, field
from pathlib import Path

from gpicl.metatraining import Run, RunConfig

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
        """
        return Run(self.config, output).folder

    @property
    def title(self) -> str:
        """What to call it in a line of progress."""
        return ", ".join(f"{name} {value}" for name, value in self.keys.items())
