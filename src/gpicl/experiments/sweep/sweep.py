"""A sweep: many runs, each of them once."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gpicl.errors import GpiclError
from gpicl.experiments.sweep.engine import Engine
from gpicl.experiments.sweep.progress import SweepProgress
from gpicl.experiments.sweep.swept_run import SweptRun
from gpicl.experiments.sweep.train_and_measure import train_and_measure
from gpicl.files import make_folder
from gpicl.metatraining import Run
from gpicl.metatraining.build import NO_DATASET
from gpicl.runs.meta_test_run import is_tested
from gpicl.runs.planning import image_for_testing, load_test_set


def sweep(
    runs: Sequence[SweptRun],
    output: Path | str,
    engine: Engine,
    command: str,
    title: str = "sweep",
    say: Callable[[str], object] | None = None,
    progress: bool = True,
) -> dict[Path, str]:
    """Do the runs of a grid that have not been done. Interrupt it whenever you like: the next call does the rest.

    Args:
        runs: The grid; a configuration that stands in it twice is run once. Runs that begin with the weights of others
            in it are run after them.
        output: Folder of all runs.
        engine: An open engine.
        command: What the user typed.
        title: What to call it in its progress.
        say: Told what is left to do, and which runs failed.
        progress: Show the progress.

    Returns:
        Why runs failed, by their folder; the others are finished and tested.

    Raises:
        GpiclError: If a data set cannot be had; found before anything is run.
    """
    say = say or (lambda _: None)
    check_data([run for run in runs if run.waits or not is_done(run, run.folder(output))])
    failures: dict[Path, str] = {}
    waiting = list(runs)
    while ready := [run for run in waiting if not run.waits]:
        waiting = [run for run in waiting if run.waits]
        failures |= _sweep_ready(ready, output, engine, command, title, say, progress)
    for run in waiting:
        failures[run.folder(output)] = f"the weights that it begins with are not there: {run.config.init}"
        say(f"{title}: {run.title} was not run: {failures[run.folder(output)]}")
    return failures


def _sweep_ready(
    runs: Sequence[SweptRun],
    output: Path | str,
    engine: Engine,
    command: str,
    title: str,
    say: Callable[[str], object],
    progress: bool,
) -> dict[Path, str]:
    distinct = {run.folder(output): run for run in runs}
    left = {folder: run for folder, run in distinct.items() if not is_done(run, folder)}
    say(f"{title}: {len(distinct)} runs, {len(distinct) - len(left)} of them finished before.")
    if not left:
        return {}
    make_folder(Path(output))
    folders, todo = list(left), list(left.values())
    failures: dict[Path, str] = {}
    pieces = [(run.config, str(output), command, run.batch) for run in todo]
    with SweepProgress(title, [_weight(run) for run in todo], progress) as bar:
        for number, outcome in engine.run(train_and_measure, pieces):
            if outcome.failure is not None:
                failures[folders[number]] = outcome.failure
            result = f"failed: {outcome.failure}" if outcome.failure is not None else outcome.result
            bar.run_ended(number, f"{todo[number].title}: {result}")
    for folder, reason in failures.items():
        say(f"{title}: {left[folder].title} ({folder}) failed, the others went on: {reason}")
    return failures


def is_done(run: SweptRun, folder: Path) -> bool:
    """Whether a run is finished and tested, so that nothing is left to do.

    Args:
        run: The run.
        folder: Its folder.
    """
    try:
        return folder.is_dir() and is_tested(Run(run.config, folder.parent), run.config.testing)
    except GpiclError:
        return False  # a folder that cannot be read is the failure of its run, which says so, and not of the sweep


def check_data(runs: Sequence[SweptRun]) -> None:
    """Load every data set once, so that one that is not to be had is found before hours of meta-training.

    Args:
        runs: The grid.

    Raises:
        GpiclError: If one cannot be had.
    """
    checked: set[tuple[str, str]] = set()
    for run in runs:
        data, testing = run.config.data, run.config.testing
        wanted = [(data.dataset, data), *((name, image_for_testing(data, testing)) for name in testing.datasets)]
        for name, image in wanted:
            if name != NO_DATASET and (name, str(image)) not in checked:
                load_test_set(name, image)
                checked.add((name, str(image)))


def _weight(run: SweptRun) -> float:
    training = run.config.training
    return float((training.max_steps or 1000) * training.batch * run.config.tasks.length)
