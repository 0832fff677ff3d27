"""The experiments by name."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol, runtime_checkable

from gpicl.errors import UnknownNameError
from gpicl.experiments.reproduction.settings import Settings
from gpicl.experiments.sweep import Engine, SweptRun

# In the order of `gpicl reproduce all`. Imported only when asked for.
EXPERIMENTS = {
    "heatmap": "gpicl.experiments.heatmap",
    "transition": "gpicl.experiments.transition",
    "learning-curve": "gpicl.experiments.learning_curve",
    "plateau": "gpicl.experiments.plateau",
    "ablation": "gpicl.experiments.ablation",
    "embeddings": "gpicl.experiments.embeddings",
    "comparison": "gpicl.experiments.comparison.experiment",
    "state-size": "gpicl.experiments.state_size",
}


@runtime_checkable
class Reproducible(Protocol):
    """What `gpicl reproduce` asks of an experiment; see `Experiment`."""

    @property
    def name(self) -> str:
        """As it is typed."""

    @property
    def grid(self) -> Callable[[Settings], list[SweptRun]]:
        """Lays out its runs."""

    def reproduce(
        self,
        settings: Settings,
        engine: Engine,
        results: Path,
        command: str,
        say: Callable[[str], object],
        progress: bool = True,
    ) -> int:
        """Do what is left of the runs, write what is made of them, and return how many failed."""


def find_experiment(name: str) -> Reproducible:
    """Find an experiment by its name.

    Raises:
        UnknownNameError: If there is none of that name.
    """
    if name not in EXPERIMENTS:
        raise UnknownNameError("experiment", name, [*EXPERIMENTS, "all"])
    return import_module(EXPERIMENTS[name]).EXPERIMENT
