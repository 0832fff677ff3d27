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
        """Meta-train a learner, meta-test it, and write a report. A killed run is resumed by the same command.

        Args:
            data: What the tasks are made from.
            tasks: The task distribution.
            learner: The learner, and its options.
            training: How it is meta-trained.
            testing: What it is meta-tested on.
            loop: How the work is done.
            output: Folder of all runs.
            test: Meta-test the learner when it is trained; false leaves that to gpicl evaluate.
            fresh: Train again, and replace what this run has made before.
            init: Weights to begin with, a shipped name (general, mnist) or the folder of a run; for fine-tuning, or
                for more steps of a finished run.
            device: Where to compute, cpu, cuda or cuda:1; the default is loop.accelerator, the GPU if there is one.
            seeds: Runs with training.seed and the seeds that follow; the mean of their accuracies is printed.
            engine: Of several seeds, sequential (one after another) or ray (many at once).
            address: Of a Ray cluster, such as auto; the default starts Ray on this machine.
            workers: Runs at once on Ray; the default is one per core, or as many as the cluster has room for.
            threads: Threads of each run of several seeds.
            gpus: GPUs of each run on Ray.
        """
        from gpicl.cli.results_table import print_means, print_table
        from gpicl.metatraining.placement import on_device
        from gpicl.runs import train_and_test

        check_folder(output)
        loop = on_device(loop, device, gpus, elsewhere=address is not None)
        config = RunConfig(data, tasks, learner, training, testing, loop, init)
        command = shlex.join(["gpicl", "train", *arguments])
        console = Console(stderr=True)

        def say(text: str) -> None:
            console.print(text, highlight=False, soft_wrap=True, markup=False)

        if seeds != 1:
            from gpicl.experiments.sweep import open_engine, train_seeds

            if not test:
                raise ConfigError("--test false is for one run; the mean over --seeds is that of their tests.")
            with open_engine(engine, address, workers, threads, gpus) as opened:
                print_means(train_seeds(config, seeds, output, opened, command, say, fresh))
            return
        run, table = train_and_test(config, output, command, say, test=test, fresh=fresh)
        if table is not None:
            print_table(table)
        report = f"\nReport: {run.report}" if table is not None else ""
        console.print(f"Run:    {run.folder}{report}", highlight=False, soft_wrap=True, markup=False)

    run_typed_command(train, arguments, configurable=True)
