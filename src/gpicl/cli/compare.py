"""`gpicl compare`."""

import shlex
from pathlib import Path

from rich.console import Console

from gpicl.cli.typed_command import run_typed_command
from gpicl.errors import UnfinishedError
from gpicl.files import check_folder


def main(arguments: list[str]) -> None:
    """Run the command."""

    def compare(
        scale: str = "laptop",
        learners: str = "all",
        minutes: float | None = None,
        seeds: int | None = None,
        data: str | None = None,
        datasets: str | None = None,
        episodes: int | None = None,
        output: str = "runs",
        results: str = "comparison",
        device: str | None = None,
        progress: bool = True,
    ) -> None:
        """Compare every learner: meta-train, meta-test on the same episodes, write the table. Resumes when interrupted.

        Args:
            scale: smoke (takes seconds and checks that everything runs), laptop (two cores), gpu (the published sizes).
            learners: Comma-separated names; all means every built-in learner. Give your own learners by import path or
                YAML file, as in all,my_package.MyLearner,mine.yaml
            minutes: Time limit of each run; the default is its preset's.
            seeds: Runs per learner; the default depends on scale.
            data: Data set for meta-training, a name or path (see gpicl datasets).
            datasets: Data sets for meta-testing, as in fashion_mnist,kmnist=files/kmnist.npz
            episodes: Episodes per data set.
            output: Folder for all runs; runs that are already finished there are not repeated.
            results: Folder for the table, the page and the figure.
            device: Device, such as cpu, cuda or cuda:1; the default is the GPU if there is one.
            progress: Show progress bars.
        """
        from gpicl.data import split_names
        from gpicl.experiments.comparison import compare as run_comparison
        from gpicl.experiments.comparison.report import failed_learners

        check_folder(output)
        check_folder(results, "--results")
        console = Console(stderr=True)
        table = run_comparison(
            scale,
            learners,
            output,
            results,
            command=shlex.join(["gpicl", "compare", *arguments]),
            say=lambda text: console.print(text, highlight=False, soft_wrap=True, markup=False),
            data=data,
            datasets=split_names(datasets) if datasets is not None else None,
            episodes=episodes,
            seeds=seeds,
            minutes=minutes,
            progress=progress,
            device=device,
        )
        print((Path(results) / "comparison.md").read_text())
        console.print(f"Results: {Path(results) / 'comparison.csv'}", highlight=False, soft_wrap=True, markup=False)
        if failed := failed_learners(table):
            raise UnfinishedError(f"Failed: {', '.join(failed)}; the page says why.")

    run_typed_command(compare, arguments, renamed={name: name for name in ("minutes", "seeds", "episodes")})
