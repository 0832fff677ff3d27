"""The comparison as one of the experiments of `gpicl reproduce`."""

from collections.abc import Callable
from pathlib import Path

from gpicl.experiments.comparison.compare import compare
from gpicl.experiments.comparison.entries import ENTRIES, make_trials
from gpicl.experiments.comparison.report import failed_learners
from gpicl.experiments.comparison.scales import Scale, find_scale
from gpicl.experiments.reproduction import Settings
from gpicl.experiments.sweep import Engine, SweptRun, check_data, unfinished


class ComparisonExperiment:
    """`gpicl compare` with the settings and the engine of `gpicl reproduce`.

    WHY not an `Experiment`: some of its learners are fitted rather than meta-trained, and it has its own table and
    page.
    """

    name = "comparison"

    def grid(self, settings: Settings) -> list[SweptRun]:
        """List the runs of the learners that are meta-trained.

        Args:
            settings: Scale, data sets and seeds.
        """
        entries = [entry for entry in ENTRIES if not entry.classical]
        trials = make_trials(_scale(settings), entries, settings.output, None, progress=False)
        return [SweptRun(trial.config, {"learner": trial.entry.name}, trial.entry.batch) for trial in trials]

    def check_data(self, settings: Settings) -> None:
        """Check the data sets of the runs that are left.

        Args:
            settings: Scale, data sets and folders.

        Raises:
            GpiclError: If a data set is missing.
        """
        check_data(unfinished(self.grid(settings), settings.output))

    def reproduce(
        self,
        settings: Settings,
        engine: Engine,
        results: Path,
        command: str,
        say: Callable[[str], object],
        progress: bool = True,
    ) -> int:
        """Run the comparison, or the part of it that is left; see `compare`.

        Args:
            settings: Scale, data sets and seeds.
            engine: An open engine.
            results: Folder for the table, the page and the figure.
            command: The command line, shown on the page.
            say: Called with progress messages.
            progress: Show the progress bars of the runs.

        Returns:
            Number of learners that failed.
        """
        scale = _scale(settings)
        table = compare(
            settings.scale,
            "all",
            str(settings.output),
            str(results),
            command,
            say,
            data=scale.data,
            datasets=scale.datasets,
            seeds=settings.seeds,
            engine=engine,
            progress=progress,
            device=settings.device,
        )
        return len(failed_learners(table))


def _scale(settings: Settings) -> Scale:
    scale = find_scale(settings.scale)
    return scale._replace(
        data=settings.source(scale.data),
        datasets=tuple(settings.source(name) for name in scale.datasets),
        seeds=settings.seeds or scale.seeds,
    )


EXPERIMENT = ComparisonExperiment()
