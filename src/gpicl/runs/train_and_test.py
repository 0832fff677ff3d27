"""From a configuration to a tested learner."""

from collections.abc import Callable

import pandas as pd
from lightning.pytorch.utilities import rank_zero_only

from gpicl.errors import TaskError
from gpicl.runs.meta_test_run import image_for_testing, load_test_set, meta_test_run
from gpicl.learners import learner_class
from gpicl.metatraining import Run, RunConfig, meta_train


def train_and_test(
    config: RunConfig, output: str, command: str, say: Callable[[str], object], batch: int = 128, report: bool = True
) -> tuple[Run, pd.DataFrame | None]:
    """Meta-train, meta-test and report, doing only what has not been done.

    Args:
        config: The run.
        output: Folder of all runs.
        command: What the user typed, for the report.
        say: Told what is being done.
        batch: Episodes at once of the meta-test.
        report: Write the report; a sweep of many runs has a page of its own instead.

    Returns:
        The run and its table of results; no table in any but the first of several processes, which tests for all.

    Raises:
        GpiclError: If the configuration cannot be run or tested; found before anything is meta-trained.
    """
    if not Run(config, output).finished:
        # A misspelt data set should not be found after hours of meta-training.
        for name in config.testing.datasets:
            load_test_set(name, image_for_testing(config.data, config.testing))
        config.testing.positions_of(config.test_length)
        if "seen" in config.testing.tasks and config.tasks.num_tasks is None:
            raise TaskError("testing.tasks asks for seen tasks, which exist only for a finite tasks.num_tasks.")
        if config.testing.num_features is not None and not learner_class(config.learner.name).any_size:
            raise TaskError(
                f"testing.num_features={config.testing.num_features} is for learners that read any number of features "
                f"(VSML, the kernel Transformers), which {config.learner.name} does not. Leave it null."
            )
    run, learner = meta_train(config, output, say=say)
    if getattr(rank_zero_only, "rank", 0):
        return run, None
    return run, meta_test_run(run.folder, config.testing, learner, command, config.loop.progress, batch, report)
