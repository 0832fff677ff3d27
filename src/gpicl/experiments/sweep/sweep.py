"""A sweep: a grid of runs, each done once."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gpicl.data import dataset_label
from gpicl.errors import GpiclError
from gpicl.experiments.sweep.engine import Engine
from gpicl.files import locked, make_folder
from gpicl.metatraining import LoopConfig, Run, RunConfig
from gpicl.metatraining.build import NO_DATASET
from gpicl.metatraining.placement import on_device
from gpicl.runs.meta_test_run import is_tested
from gpicl.runs.planning import image_for_testing, load_test_contents
from gpicl.runs.train_and_test import train_and_test
from gpicl.weights import CARD_FILE, find_weights


class SweepProgress:
    """Shows a progress bar on a terminal, and one line per run elsewhere.

    WHY not rich's estimate of the time left: it counts runs, which can differ in size by a factor of 100.

    Args:
        title: Title of the sweep.
        weights: Relative cost of each run, in any unit.
        shown: Whether to show progress.
        console: Console to print to; None for standard error.
    """

    def __init__(
        self, title: str, weights: Sequence[float], shown: bool = True, console: Console | None = None
    ) -> None:
        self._title = title
        self._weights = weights
        self._console = console or Console(stderr=True)
        self._shown = shown
        self._done: list[float] = []
        self._began = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]} runs, {task.fields[left]}  {task.fields[figure]}"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not (shown and self._console.is_terminal),
        )
        self._task = self._bar.add_task(title, total=sum(weights), count=self._count, left=self._left, figure="")

    def run_ended(self, number: int, text: str) -> None:
        """Count a finished or failed run.

        Args:
            number: Index of the run in `weights`.
            text: Description of the run and its result.
        """
        self._done.append(self._weights[number])
        if self._shown and not self._console.is_terminal:
            line = f"{self._title}: {self._count} runs, {self._left}  {text}"
            self._console.print(line, highlight=False, soft_wrap=True, markup=False)
        self._bar.update(self._task, completed=sum(self._done), count=self._count, left=self._left, figure=text)

    @property
    def _count(self) -> str:
        return f"{len(self._done)}/{len(self._weights)}"

    @property
    def _left(self) -> str:
        if not self._done:
            return "time left unknown"
        seconds = (time.monotonic() - self._began) * (sum(self._weights) / sum(self._done) - 1)
        return f"{timedelta(seconds=round(seconds))} left"

    def __enter__(self) -> "SweepProgress":
        """Open the bar, and start the clock."""
        self._began = time.monotonic()
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the bar."""
        self._bar.stop()


Key = str | int | float | bool | None


@dataclass(frozen=True)
class SweptRun:
    """A configuration and its cell in the grid.

    Args:
        config: Configuration of the run.
        keys: Its values on the axes of the grid, by name: the first columns of the sweep's tables.
        batch: Episodes per batch of the meta-test, limited by memory.
    """

    config: RunConfig
    keys: dict[str, Key] = field(default_factory=dict)
    batch: int = 128

    def folder(self, output: Path | str) -> Path:
        """The run's folder, which depends only on the configuration, not on the cell.

        Args:
            output: Folder of all runs.

        Returns:
            The folder. The weights that a run begins with are part of its name; while it waits for them, this is a
            placeholder that does not exist.
        """
        if self.waits:
            return Path(output) / f"waiting-{hashlib.sha256(repr(self.config.identity()).encode()).hexdigest()[:10]}"
        return Run(self.config, output).folder

    @property
    def waits(self) -> bool:
        """Whether the weights that it begins with (`init`) do not exist yet."""
        if self.config.init is None:
            return False
        try:
            return not (find_weights(self.config.init) / CARD_FILE).exists()
        except GpiclError:
            return True

    def on(self, device: str | None) -> "SweptRun":
        """Return the run on another device; its folder stays the same.

        Args:
            device: A checked device, possibly of another machine; None for no change.
        """
        loop = on_device(self.config.loop, device, elsewhere=True)
        return replace(self, config=replace(self.config, loop=loop))

    @property
    def title(self) -> str:
        """Title for a line of progress."""
        return ", ".join(f"{name} {value}" for name, value in self.keys.items())


def swept_loop(steps: int | None, measured: int) -> LoopConfig:
    """Loop settings of a run in a sweep: no progress bar, and a few validations.

    Args:
        steps: Steps of the run; None if there is nothing to meta-train.
        measured: Number of validations on unseen tasks.
    """
    return LoopConfig(progress=False, checkpoint_every=200, validate_every=max(1, (steps or 1) // measured))


@contextmanager
def lock_beside(folder: Path, on_wait: Callable[[], object] | None = None) -> Iterator[None]:
    """Lock a run's folder, which need not exist yet; wait while another process has it.

    WHY: Ray may run a piece again while its first attempt is cut off but alive, and two sweeps may share a run. The
    second process waits, then finds the run finished or resumes it: the system frees the lock of a process that ends
    for any reason.

    Args:
        folder: The run's folder. The lock is in the folder next to it, so a run that cannot start leaves no folder.
        on_wait: Called once if another process has the lock.
    """
    locks = make_folder(folder.parent / ".locks")
    with locked(locks / f"{folder.name}.lock", on_wait):
        yield


def train_and_measure(config: RunConfig, output: str, command: str, batch: int) -> str:
    """Meta-train and meta-test one run, or the rest of an interrupted one.

    Args:
        config: Configuration of the run.
        output: Folder of all runs.
        command: The command line, shown on reports.
        batch: Episodes per batch of the meta-test.

    Returns:
        Accuracy for a line of progress.
    """
    with lock_beside(Run(config, output).folder):
        _, results = train_and_test(config, output, command, lambda _: None, batch, report=False)
    if results is None:
        return ""
    dataset, kind = dataset_label(config.testing.datasets[0]), config.testing.tasks[-1]
    rows = results[(results["dataset"] == dataset) & (results["tasks"] == kind)]
    return f"{kind} {dataset} {rows['accuracy'].iloc[-1]:.1%}"


def sweep(
    runs: Sequence[SweptRun],
    output: Path | str,
    engine: Engine,
    command: str,
    title: str = "sweep",
    say: Callable[[str], object] | None = None,
    progress: bool = True,
) -> dict[Path, str]:
    """Do the unfinished runs of a grid. It can be interrupted at any time: the next call does the rest.

    Args:
        runs: The grid; duplicate configurations are run once. Runs that begin with the weights of other runs are run
            after them.
        output: Folder of all runs.
        engine: An open engine.
        command: The command line, shown on reports.
        title: Title for progress.
        say: Called with messages on what is left to do and which runs failed.
        progress: Show progress.

    Returns:
        Reasons of failed runs, by folder; all others are finished and tested.

    Raises:
        GpiclError: If a data set is not available; raised before anything runs.
    """
    say = say or (lambda _: None)
    check_data(unfinished(runs, output))
    failures: dict[Path, str] = {}
    waiting = list(runs)
    while ready := [run for run in waiting if not run.waits]:
        waiting = [run for run in waiting if run.waits]
        failures |= _sweep_ready(ready, output, engine, command, title, say, progress)
    for run in waiting:
        failures[run.folder(output)] = f"the weights that it begins with do not exist: {run.config.init}"
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
    say(f"{title}: {len(distinct)} runs, {len(distinct) - len(left)} of them already finished.")
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
        say(f"{title}: {left[folder].title} ({folder}) failed, the others continued: {reason}")
    return failures


def is_done(run: SweptRun, folder: Path) -> bool:
    """Whether a run is finished and tested.

    Args:
        run: Finished, unfinished or not begun.
        folder: Folder of the run.
    """
    try:
        return folder.is_dir() and is_tested(Run(run.config, folder.parent), run.config.testing)
    except GpiclError:
        return False  # an unreadable folder fails when its run starts, not the whole sweep


def unfinished(runs: Sequence[SweptRun], output: Path | str) -> list[SweptRun]:
    """Return the runs that are left to do."""
    return [run for run in runs if run.waits or not is_done(run, run.folder(output))]


def check_data(runs: Sequence[SweptRun]) -> None:
    """Look at every data set, so that a missing one is found before hours of meta-training.

    Args:
        runs: The grid.

    Raises:
        GpiclError: If a data set is not available.
    """
    checked: set[tuple[str, str]] = set()
    for run in runs:
        data, testing = run.config.data, run.config.testing
        wanted = [(data.dataset, data), *((name, image_for_testing(data, testing)) for name in testing.datasets)]
        for name, image in wanted:
            if name != NO_DATASET and (name, str(image)) not in checked:
                load_test_contents(name, image)
                checked.add((name, str(image)))


def _weight(run: SweptRun) -> float:
    training = run.config.training
    return float((training.max_steps or 1000) * training.batch * run.config.tasks.length)
