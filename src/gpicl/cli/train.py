"""`gpicl train`."""

import shlex

from rich.console import Console

from gpicl.cli.typed_command import run_typed_command
from gpicl.errors import ConfigError
from gpicl.files import check_folder
from gpicl.metatraining import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
)


def main(arguments: list[str]) -> None:
    """Run the command."""

    def train(
        data: DataConfig = DataConfig(),
        tasks: TaskConfig = TaskConfig(),
        learner: LearnerConfig = LearnerConfig(),
        training: TrainingConfig = TrainingConfig(),
        testing: TestingConfig = TestingConfig(),
        loop: LoopConfig = LoopConfig(),
        output: str = "runs",
        test: bool = True,
        fresh: bool = False,
        init: str | None = None,
        device: str | None = None,
        seeds: int = 1,
        engine: str = "sequential",
        address: str | None = None,
        workers: int | None = None,
        threads: int | None = None,
        gpus: float = 0.0,
    ) -> None:
        """Meta-train a learner, meta-test it, and write a report. Run the same command again to resume.

        Args:
            data: Data set for meta-training.
            tasks: The task distribution.
            learner: The learner and its options.
            training: How the learner is meta-trained.
            testing: Data sets and tasks for meta-testing.
            loop: How the work is run; does not change the result.
            output: Folder for all runs.
            test: Meta-test the learner after training; if false, use gpicl evaluate later.
            fresh: Train again from the start and replace the earlier files of this run.
            init: Initial weights, a shipped name (general, mnist, synthetic) or the folder of a run; for fine-tuning,
                or for more steps of a finished run.
            device: Device, such as cpu, cuda or cuda:1; the default is loop.accelerator, the GPU if there is one.
            seeds: Number of runs, with training.seed and the following seeds; prints their mean accuracy.
            engine: How to run several seeds, sequential (one after another) or ray (in parallel).
            address: Address of a Ray cluster, such as auto; the default starts Ray on this machine.
            workers: Parallel runs on Ray; the default is one per core, or as many as fit on the cluster.
            threads: Threads of PyTorch per run; the default is PyTorch's own, or a share of the cores on Ray.
            gpus: GPUs per run on Ray.
        """
        from gpicl.cli.results_table import print_means, print_table
        from gpicl.metatraining.placement import check_shared_gpu, on_device
        from gpicl.runs import train_and_test

        check_folder(output)
        loop = on_device(loop, device, gpus, elsewhere=address is not None)
        check_shared_gpu(loop, engine, gpus)
        config = RunConfig(data, tasks, learner, training, testing, loop, init)
        command = shlex.join(["gpicl", "train", *arguments])
        console = Console(stderr=True)

        def say(text: str) -> None:
            console.print(text, highlight=False, soft_wrap=True, markup=False)

        if seeds < 1:
            raise ConfigError(f"--seeds must be at least 1, not {seeds}.")
        if seeds > 1:
            from gpicl.experiments.sweep import open_engine, train_seeds

            if not test:
                raise ConfigError(
                    "--test false is for a single run; --seeds reports the mean of the tests. Leave out one of the two."
                )
            with open_engine(engine, address, workers, threads, gpus) as opened:
                print_means(train_seeds(config, seeds, output, opened, command, say, fresh))
            return
        ray = (("engine", engine != "sequential"), ("address", address), ("workers", workers), ("gpus", gpus))
        for option, given in ray:
            if given:
                raise ConfigError(f"--{option} is for several runs. Add --seeds 2 or more, or leave it out.")
        if threads is not None:
            import torch

            if threads < 1:
                raise ConfigError(f"--threads must be at least 1, not {threads}.")
            torch.set_num_threads(threads)
        from lightning.pytorch.utilities import rank_zero_only

        run, table = train_and_test(config, output, command, say, test=test, fresh=fresh)
        if table is not None:
            print_table(table)
        if getattr(rank_zero_only, "rank", 0):  # the first process reports for all
            return
        report = f"\nReport: {run.report}" if table is not None else ""
        console.print(f"Run:    {run.folder}{report}", highlight=False, soft_wrap=True, markup=False)

    run_typed_command(train, arguments, configurable=True)
