"""`gpicl evaluate`."""

import shlex
from pathlib import Path
from typing import Literal, get_args

from rich.console import Console

from gpicl.cli.typed_command import run_typed_command
from gpicl.errors import ConfigError, UnknownNameError
from gpicl.files import check_folder
from gpicl.metatraining import TestingConfig

# `gpicl.tasks.TaskKind`, repeated here because importing it would make --help wait for torch.
_Kind = Literal["seen", "unseen", "identity"]

# Command-line option for each Python parameter.
_NAMES = {
    "testing.num_features": "features",
    **{
        f"testing.{name}": name
        for name in ("datasets", "tasks", "episodes", "length", "positions", "size", "channels", "seed")
    },
    "batch": "batch",
    "positions": "positions",
}


def main(arguments: list[str]) -> None:
    """Run the command."""

    # The underscore keeps jsonargparse from looking up `gpicl.evaluate`, which would load torch for --help.
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
        seed: int | None = None,
        batch: int = 128,
        device: str | None = None,
        output: str | None = None,
        outcomes: bool = False,
        progress: bool = True,
    ) -> None:
        """Meta-test the learner of a run and add the results to its table and report.

        Args:
            run: Folder of a finished run (it may have been moved), or a shipped name (general, mnist, synthetic).
            datasets: Names or paths, as in fashion_mnist,kmnist=files/kmnist.npz
            tasks: Kinds of tasks: unseen, seen (only if their number was finite), identity (the raw data set), as in
                seen,unseen
            episodes: Episodes per data set and kind of task.
            features: Number of features of the projected inputs; null for the number in meta-training.
            length: Examples per episode; null for the number in meta-training.
            positions: Positions to report, as in 2,11,100; null for all.
            size: Height and width of the images; null for the size in meta-training.
            channels: 1 for grey, 3 for colour; null for the number in meta-training.
            seed: Seed of the unseen tasks and their episodes; null for the run's own.
            batch: Episodes per batch; halved if memory runs out.
            device: Device, such as cpu, cuda or cuda:1; the default is the GPU if there is one.
            output: Folder for the results and the report; the default is the run's folder, or evaluations/NAME for
                shipped weights.
            outcomes: Save which answers were right, episode by episode, in the folder outcomes next to the results.
            progress: Show a progress bar.
        """
        from gpicl.cli.results_table import print_table
        from gpicl.data import split_names
        from gpicl.runs import meta_test_run
        from gpicl.runtime import find_device
        from gpicl.weights import find_weights, load_weights

        place = find_device(device)
        folder = find_weights(run)
        target = Path(output) if output is not None else _own_folder(run, folder)
        check_folder(target)
        learner = load_weights(folder).to(place)
        testing = TestingConfig(
            datasets=split_names(datasets),
            tasks=_kinds(tasks),
            episodes=episodes,
            num_features=features,
            length=length,
            positions=_numbers(positions),
            size=size,
            channels=channels,
            seed=seed,
            outcomes=outcomes,
        )
        command = shlex.join(["gpicl", "evaluate", *arguments])
        console = Console(stderr=True)

        def say(text: str) -> None:
            console.print(text, highlight=False, soft_wrap=True, markup=False)

        print_table(meta_test_run(folder, testing, learner, command, progress, batch, output=target, say=say))
        say(f"Results: {target / 'results.csv'}\nReport:  {target / 'report.html'}")

    run_typed_command(_evaluate, arguments, renamed=_NAMES)


def _own_folder(run: str, folder: Path) -> Path:
    """Default folder for the results; nothing is written next to shipped weights."""
    from gpicl.weights import shipped_weights

    return Path("evaluations") / run if run in shipped_weights() else folder


def _numbers(positions: str | None) -> list[int] | None:
    if positions is None:
        return None
    try:
        return [int(position) for position in positions.split(",")]
    except ValueError as error:
        raise ConfigError(
            f"positions must be comma-separated whole numbers, as in 2,11,100, not {positions!r}."
        ) from error


def _kinds(tasks: str) -> list[_Kind]:
    kinds = get_args(_Kind)
    named = [kind.strip() for kind in tasks.split(",") if kind.strip()]
    for kind in named:
        if kind not in kinds:
            raise UnknownNameError("kind of tasks", kind, kinds)
    return [kind for kind in kinds if kind in named]
