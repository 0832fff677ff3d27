"""The comparison as one of the experiments of `gpicl reproduce`."""

from collections.abc import Callable
from pathlib import Path

from gpicl.experiments.comparison.compare import compare
from gpicl.experiments.comparison.entries import ENTRIES, make_trials
from gpicl.experiments.comparison.report import failed_learners
from gpicl.experiments.comparison.scales import Scale, find_scale
from gpicl.experiments.reproduction import Settings
from gpicl.experiments.sweep import Engine, SweptRun


class ComparisonExperiment:
    """What `gpicl compare` does, with the settings and the engine of `gpicl reproduce`.

    WHY not an `Experiment`: it has learners that are fitted rather than meta-trained, and a table and a page of its
    own.
    """

    name = "comparison"

    def grid(self, settings: Settings) -> list[SweptRun]:
        """Lay out the runs of the learners that are meta-trained.

        Args:
            settings: Scale, data sets and seeds.
        """
        entries = [entry for entry in ENTRIES if not entry.classical]
        trials = make_trials(_scale(settings), entries, settings.output, None, progress=False)
        return [SweptRun(trial.config, {"learner": trial.entry.name}, trial.entry.batch) for trial in trials]

    def reproduce(
        self,
        settings: Settings,
        engine: Engine,
        results: Path,
        command: str,
        say: Callable[[str], object],
        progress: bool = True,
    ) -> int:
        """Run the comparison, or what is left of it; see `compare`.

        Args:
            settings: Scale, data sets and seeds.
            engine: An open engine.
            results: Folder that the table, the page and the figure are written to.
            command: What the user typed.
            say: Told what is being done.
            progress: Show the progress bars of the runs.

        Returns:
            How many learners failed.
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
