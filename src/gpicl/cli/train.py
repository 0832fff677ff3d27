"""`gpicl train`."""

import shlex

from lightning.pytorch.utilities import rank_zero_only
from rich.console import Console

from gpicl.cli.testing import load_test_set, meta_test_run, print_table
from gpicl.cli.typed_command import run_typed_command
from gpicl.errors import TaskError
from gpicl.metatraining import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    Run,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
    meta_train,
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
        config = RunConfig(data, tasks, learner, training, testing, loop)
        train_and_test(config, output, shlex.join(["gpicl", "train", *arguments]))

    run_typed_command(train, arguments, configurable=True)


def train_and_test(config: RunConfig, output: str, command: str) -> Run:
    """Meta-train, meta-test and report, doing only what has not been done.

    Args:
        config: The run.
        output: Folder of all runs.
        command: What the user typed, for the report.
    """
    console = Console(stderr=True)
    if not Run(config, output).finished:
        # A misspelt data set should not be found after hours of meta-training.
        for name in config.testing.datasets:
            load_test_set(name, config.data)
        if "seen" in config.testing.tasks and config.tasks.num_tasks is None:
            raise TaskError("testing.tasks asks for seen tasks, which exist only for a finite tasks.num_tasks.")
    run, learner = meta_train(config, output, say=lambda text: console.print(text, highlight=False, soft_wrap=True))
    if getattr(rank_zero_only, "rank", 0):
        return run  # the first of several processes tests and reports for all
    table = meta_test_run(run.folder, config.testing, learner, command, config.loop.progress)
    print_table(table)
    console.print(f"Run:    {run.folder}\nReport: {run.report}", highlight=False, soft_wrap=True)
    return run
