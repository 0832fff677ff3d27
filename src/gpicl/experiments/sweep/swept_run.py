"""One run of a sweep."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from gpicl.metatraining import Run, RunConfig
from gpicl.metatraining.placement import on_device

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

    def on(self, device: str | None) -> "SweptRun":
        """The same run on a device, which its folder does not depend on.

        Args:
            device: A checked device, which may be another machine's; None leaves the run as it is.
        """
        loop = on_device(self.config.loop, device, elsewhere=True)
        return replace(self, config=replace(self.config, loop=loop))

    @property
    def title(self) -> str:
        """What to call it in a line of progress."""
        return ", ".join(f"{name} {value}" for name, value in self.keys.items())
