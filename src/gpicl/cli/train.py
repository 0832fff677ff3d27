"""`gpicl train`."""

import shlex

from rich.console import Console

from gpicl.cli.typed_command import run_typed_command
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
            test: Meta-test the learner when it is trained; false leaves that to gpicl evaluate.
            fresh: Train again, and replace what this run has made before.
        """
        from gpicl.cli.results_table import print_table
        from gpicl.runs import train_and_test

        config = RunConfig(data, tasks, learner, training, testing, loop)
        console = Console(stderr=True)
        run, table = train_and_test(
            config,
            output,
            command=shlex.join(["gpicl", "train", *arguments]),
            say=lambda text: console.print(text, highlight=False, soft_wrap=True, markup=False),
            test=test,
            fresh=fresh,
        )
        if table is not None:
            print_table(table)
        report = f"\nReport: {run.report}" if table is not None else ""
        console.print(f"Run:    {run.folder}{report}", highlight=False, soft_wrap=True, markup=False)

    run_typed_command(train, arguments, configurable=True)
