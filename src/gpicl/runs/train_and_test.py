"""Meta-train and meta-test a learner from one configuration."""

from collections.abc import Callable

import pandas as pd
import torch
from lightning.pytorch.utilities import rank_zero_only

from gpicl.data import dataset_label
from gpicl.errors import TaskError
from gpicl.learners import learner_class, learners_of_any_size
from gpicl.metatesting import check_counts, evaluate
from gpicl.metatraining import Run, RunConfig, meta_train
from gpicl.metatraining.build import build_run_learner, build_tasks
from gpicl.metatraining.placement import device_of
from gpicl.runs.meta_test_run import meta_test_run
from gpicl.runs.planning import check_width_of_seen, image_for_testing, load_test_set, sized_for_testing
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
    """Meta-train, meta-test and report; skip what is already done.

    Args:
        config: Configuration of the run.
        output: Folder for all runs.
        command: The user's command, for the report.
        say: Called with progress messages.
        batch: Episodes per batch of the meta-test.
        report: Write the report; a sweep of many runs writes one page for all of them instead.
        test: Meta-test after training.
        fresh: Train again from the start and replace the earlier files of this run.

    Returns:
        The run and its table of results. The table is None without a test, if the run stopped before its budget was
        used, and in all processes but the first, which tests for all.

    Raises:
        GpiclError: If the configuration cannot be run or tested; raised before meta-training starts.
    """
    device = device_of(config.loop)
    if test:
        check_counts(config.testing.episodes, batch)
        check_testing(config.testing, [dataset_label(name) for name in config.testing.datasets])
        run = Run(config, output)
        config = run.config
        if fresh or not run.finished:
            _check_tests(config)
    run, learner = meta_train(config, output, say=say, fresh=fresh)
    if getattr(rank_zero_only, "rank", 0) or not test or not run.finished:
        return run, None
    progress = config.loop.progress
    learner = learner.to(device)
    return run, meta_test_run(run.folder, config.testing, learner, command, progress, batch, report, say=say)


def _check_tests(config: RunConfig) -> None:
    """Find errors in the test configuration before hours of meta-training: test the initial weights on an episode."""
    positions = config.testing.positions_of(config.test_length)
    if "seen" in config.testing.tasks and config.tasks.num_tasks is None:
        raise TaskError(
            "testing.tasks has seen tasks, which exist only for a finite tasks.num_tasks. Set it, or test unseen tasks."
        )
    if config.testing.num_features is not None and not learner_class(config.learner.name).any_size:
        raise TaskError(
            f"testing.num_features={config.testing.num_features} is for learners that read any number of features "
            f"({learners_of_any_size()}), and {config.learner.name} does not. Set it to null."
        )
    image, seed = image_for_testing(config.data, config.testing), config.testing.seed
    datasets = {name: load_test_set(name, image) for name in config.testing.datasets}
    tasks, _ = build_tasks(config)
    check_width_of_seen(config.testing, tasks.num_features)
    with torch.random.fork_rng(devices=[]):
        learner = sized_for_testing(build_run_learner(config, tasks), config.testing)
    evaluate(
        learner,
        datasets,
        tasks=config.testing.tasks,
        episodes=1,
        length=config.test_length,
        seed=config.training.seed if seed is None else seed,
        positions=positions[:1],
        trained=tasks if "seen" in config.testing.tasks else None,
    )
