"""`gpicl reproduce`."""

import shlex
from typing import Literal

from rich.console import Console

from gpicl.cli.typed_command import run_typed_command
from gpicl.experiments import EXPERIMENTS
from gpicl.files import check_folder


def main(arguments: list[str]) -> None:
    """Run the command."""

    def reproduce(
        name: str,
        scale: Literal["smoke", "laptop", "gpu"] = "laptop",
        data: str | None = None,
        seeds: int | None = None,
        features: str | None = None,
        engine: str = "sequential",
        address: str | None = None,
        workers: int | None = None,
        threads: int | None = None,
        gpus: float = 0.0,
        device: str | None = None,
        output: str = "runs",
        results: str = "results",
        dry_run: bool = False,
        progress: bool = True,
    ) -> None:
        """Reproduce a figure of the paper: runs, table, figure and page. The same command resumes what was interrupted.

        Args:
            name: An experiment (EXPERIMENTS), or all.
            scale: smoke (seconds, a test that all is well), laptop (two cores), gpu (the paper's sizes on one GPU).
            data: Files that stand for data sets, as in mnist=files/mnist.npz,fashion_mnist=files/fashion.npz
            seeds: Runs of each kind; the default is the experiment's own.
            features: For embeddings: archives of frozen features to meta-train and meta-test on, as in
                train.npz,test.npz
            engine: sequential (one run after another) or ray (many at once, on this machine or a cluster).
            address: Of a Ray cluster, such as auto; the default starts Ray on this machine.
            workers: Runs at once; the default is one per core, or as many as the cluster has room for.
            threads: Threads of each run; the default shares this machine's cores, and is 1 on a cluster.
            gpus: GPUs of each run.
            device: Where to compute, cpu, cuda or cuda:1; the default is the GPU if there is one.
            output: Folder of all runs; what lies finished there is not run again.
            results: Folder in which every experiment has a folder for its table, figure and page.
            dry_run: Only print what would be run, and estimate the hours.
            progress: Show the progress.
        """
        from gpicl.experiments.reproduction.command import run_command

        if not dry_run:
            check_folder(output)
            check_folder(results, "--results")
        console = Console(stderr=True)
        run_command(
            name,
            scale,
            data=data,
            seeds=seeds,
            features=features,
            engine={"name": engine, "address": address, "workers": workers, "threads": threads, "gpus": gpus},
            output=output,
            results=results,
            dry_run=dry_run,
            progress=progress,
            device=device,
            command=shlex.join(["gpicl", "reproduce", *arguments]),
            say=lambda text: console.print(text, highlight=False, soft_wrap=True, markup=False),
        )

    reproduce.__doc__ = str(reproduce.__doc__).replace("EXPERIMENTS", ", ".join(EXPERIMENTS))
    run_typed_command(reproduce, arguments)
