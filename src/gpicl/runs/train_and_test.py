"""From a configuration to a tested learner."""

from collections.abc import Callable

import pandas as pd
from lightning.pytorch.utilities import rank_zero_only

from gpicl.data import dataset_label
from gpicl.errors import TaskError
from gpicl.learners import learner_class, learners_of_any_size
from gpicl.metatesting import check_counts
from gpicl.metatraining import Run, RunConfig, meta_train
from gpicl.metatraining.placement import device_of
from gpicl.runs.meta_test_run import meta_test_run
from gpicl.runs.planning import image_for_testing, load_test_set
from gpicl.runs.results import check_testing


def train_and_test(
    config: RunConfig,
    output: str,
    command: str,
    say: Callable[[str], object],
    batch: int = 128,
    report: bool = True,
    test: bool = True,
    fresh: bool = False,
) -> tuple[Run, pd.DataFrame | None]:
    """Meta-train, meta-test and report, doing only what has not been done.

    Args:
        config: The run.
        output: Folder of all runs.
        command: What the user typed, for the report.
        say: Told what is being done.
        batch: Episodes at once of the meta-test.
        report: Write the report; a sweep of many runs has a page of its own instead.
        test: Meta-test at all.
        fresh: Train again, and replace what the run has made before.

    Returns:
        The run and its table of results; no table without a test, in any but the first of several processes, which
        tests for all, and of a run that was ended before its budget was used.

    Raises:
        GpiclError: If the configuration cannot be run or tested; found before anything is meta-trained.
    """
    device = device_of(config.loop)
    if test:
        check_counts(config.testing.episodes, batch)
        check_testing(config.testing, [dataset_label(name) for name in config.testing.datasets])
        if fresh or not Run(config, output).finished:
            _check_tests(Run(config, output).config)
    run, learner = meta_train(config, output, say=say, fresh=fresh)
    if getattr(rank_zero_only, "rank", 0) or not test or not run.finished:
        return run, None
    progress = config.loop.progress
    learner = learner.to(device)
    return run, meta_test_run(run.folder, config.testing, learner, command, progress, batch, report, say=say)


def _check_tests(config: RunConfig) -> None:
    """Find a misspelt data set now rather than after hours of meta-training."""
    for name in config.testing.datasets:
        load_test_set(name, image_for_testing(config.data, config.testing))
    config.testing.positions_of(config.test_length)
    if "seen" in config.testing.tasks and config.tasks.num_tasks is None:
        raise TaskError("testing.tasks asks for seen tasks, which exist only for a finite tasks.num_tasks.")
    if config.testing.num_features is not None and not learner_class(config.learner.name).any_size:
        raise TaskError(
            f"testing.num_features={config.testing.num_features} is for learners that read any number of features "
            f"({learners_of_any_size()}), which {config.learner.name} does not. Leave it null."
        )
