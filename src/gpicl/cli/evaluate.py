"""`gpicl evaluate`."""

import shlex
from pathlib import Path
from typing import Literal, get_args

from rich.console import Console

from gpicl.cli.typed_command import run_typed_command
from gpicl.errors import ConfigError, UnknownNameError
from gpicl.metatraining import TestingConfig

# `gpicl.tasks.TaskKind`, spelt out because importing it would make the help wait for torch.
_Kind = Literal["seen", "unseen", "identity"]

# Options by their names in Python.
_NAMES = {
    "testing.num_features": "features",
    **{
        f"testing.{name}": name for name in ("datasets", "tasks", "episodes", "length", "positions", "size", "channels")
    },
}


def main(arguments: list[str]) -> None:
    """Run the command."""

    # Underscored, as jsonargparse would look `evaluate` up in the package and so load torch for the help.
    def _evaluate(
        run: str,
        datasets: str,
        tasks: str = "unseen",
        episodes: int = 4096,
        features: int | None = None,
        length: int | None = None,
        positions: str | None = None,
        size: int | None = None,
        channels: int | None = None,
        batch: int = 128,
        progress: bool = True,
    ) -> None:
        """Meta-test the learner of a run and add the results to its table and report.

        Args:
            run: Folder of a finished run.
            datasets: Names or paths, as in fashion_mnist,kmnist=files/kmnist.npz
            tasks: Kinds of tasks: unseen, seen (of a finite number), identity (the raw data set), as in seen,unseen
            episodes: Episodes per data set and kind of task.
            features: Features of the projected inputs; null for as many as in meta-training.
            length: Examples per episode; null for as many as in meta-training.
            positions: Positions to report, as in 2,11,100; null for all.
            size: Height and width of the images; null for that of meta-training.
            channels: 1 for grey, 3 for colour; null for those of meta-training.
            batch: Episodes at once.
            progress: Show a progress bar.
        """
        from gpicl.cli.results_table import print_table
        from gpicl.experiments import meta_test_run
        from gpicl.weights import load_weights

        folder = Path(run)
        learner = load_weights(folder)
        testing = TestingConfig(
            datasets.split(","), _kinds(tasks), episodes, features, length, _numbers(positions), size, channels
        )
        command = shlex.join(["gpicl", "evaluate", *arguments])
        print_table(meta_test_run(folder, testing, learner, command, progress, batch))
        Console(stderr=True).print(
            f"Results: {folder / 'results.csv'}\nReport:  {folder / 'report.html'}", highlight=False, soft_wrap=True
        )

    run_typed_command(_evaluate, arguments, renamed=_NAMES)


def _numbers(positions: str | None) -> list[int] | None:
    if positions is None:
        return None
    try:
        return [int(position) for position in positions.split(",")]
    except ValueError as error:
        raise ConfigError(f"positions must be numbers with commas between them, not {positions!r}.") from error


def _kinds(tasks: str) -> list[_Kind]:
    kinds = get_args(_Kind)
    for kind in tasks.split(","):
        if kind not in kinds:
            raise UnknownNameError("kind of tasks", kind, kinds)
    return [kind for kind in kinds if kind in tasks.split(",")]
