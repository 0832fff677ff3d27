"""`gpicl train`."""

import shlex

from rich.console import Console

from gpicl.cli.typed_command import run_typed_command
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
    ) -> None:
        """Meta-train a learner, meta-test it, and write a report. A killed run is resumed by the same command.

        Args:
            data: What the tasks are made from.
            tasks: The task distribution.
            learner: Who learns.
            training: How it is meta-trained.
            testing: What it is meta-tested on.
            loop: How the work is done.
            output: Folder of all runs.
        """
        from gpicl.cli.results_table import print_table
        from gpicl.experiments import train_and_test

        check_folder(output)
        config = RunConfig(data, tasks, learner, training, testing, loop)
        console = Console(stderr=True)
        run, table = train_and_test(
            config,
            output,
            command=shlex.join(["gpicl", "train", *arguments]),
            say=lambda text: console.print(text, highlight=False, soft_wrap=True),
        )
        if table is not None:
            print_table(table)
            console.print(f"Run:    {run.folder}\nReport: {run.report}", highlight=False, soft_wrap=True)

    run_typed_command(train, arguments, configurable=True)
