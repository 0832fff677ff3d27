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
        minutes: float | None = None,
        progress: bool = True,
    ) -> None:
        """Reproduce a figure of the paper: runs, table, figure and page. Run the same command again to resume.

        Args:
            name: An experiment (EXPERIMENTS), or all.
            scale: smoke (takes seconds and checks that everything runs), laptop (two cores), gpu (the paper's sizes on
                one GPU).
            data: Files to use for data sets, as in mnist=files/mnist.npz,fashion_mnist=files/fashion.npz
            seeds: Runs per setting; the default depends on the experiment.
            features: For embeddings, archives of frozen features for meta-training and meta-testing, as in
                train.npz,test.npz
            engine: sequential (one run after another) or ray (many at once, on this machine or a cluster).
            address: Address of a Ray cluster, such as auto; the default starts Ray on this machine.
            workers: Parallel runs; the default is one per core, or as many as fit on the cluster.
            threads: Threads per run; by default the runs share this machine's cores, and use 1 thread on a cluster.
            gpus: GPUs per run on Ray; with a fraction, runs share a GPU.
            device: Device, such as cpu, cuda or cuda:1; the default is the GPU if there is one.
            output: Folder for all runs; runs that are already finished there are not repeated.
            results: Folder for the results; each experiment has a subfolder with its table, figure and page.
            dry_run: Only print the runs and an estimate of their time (for scale gpu, in minutes on this GPU).
            minutes: Stop after this time with a checkpoint (on Ray, runs keep their last regular one); run the same
                command again to continue. The default is no limit.
            progress: Show progress.
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
            minutes=minutes,
            progress=progress,
            device=device,
            command=shlex.join(["gpicl", "reproduce", *arguments]),
            say=lambda text: console.print(text, highlight=False, soft_wrap=True, markup=False),
        )

    reproduce.__doc__ = str(reproduce.__doc__).replace("EXPERIMENTS", ", ".join(EXPERIMENTS))
    run_typed_command(
        reproduce, arguments, renamed={name: name for name in ("seeds", "threads", "workers", "gpus", "minutes")}
    )
