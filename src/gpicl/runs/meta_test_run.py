"""Meta-testing a learner, for `gpicl train`, `gpicl evaluate` and `gpicl compare`."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from gpicl.data import FeatureDataset
from gpicl.errors import CheckpointError, GpiclError
from gpicl.files import make_folder
from gpicl.learners import Learner
from gpicl.metatesting import check_counts, describe_outcomes, evaluate, save_outcomes, saved_positions
from gpicl.metatraining import Run, RunConfig, TestingConfig
from gpicl.metatraining.build import trained_tasks
from gpicl.metatraining.csv_log import read_log
from gpicl.metatraining.run_lock import run_lock
from gpicl.metatraining.sources import learner_source
from gpicl.report import example_images, learning_curve, training_curve, write_report
from gpicl.runs.planning import (
    PlannedTest,
    TrainedWith,
    load_test_contents,
    load_test_set,
    plan_tests,
    sized_for_testing,
    trained_config,
    trained_steps,
)
from gpicl.runs.results import (
    PLACE,
    RESULTS_FILE,
    MetaTest,
    add_rows,
    check_same_weights,
    options_digest,
    read_results,
    rows_of,
    write_results,
)
from gpicl.tasks import EPISODES_VERSION, NO_INTERVENTION, Interventions, TaskAugmentor
from gpicl.weights import is_shipped, load_card

OUTCOMES_FOLDER = "outcomes"
"""Folder with the outcomes of each episode, in a folder of results."""
REPORT_FILE = "report.html"
"""File name of the report, in a folder of results."""


def meta_test_run(
    folder: Path,
    testing: TestingConfig,
    learner: Learner,
    command: str,
    progress: bool = True,
    batch: int = 128,
    report: bool = True,
    output: Path | None = None,
    say: Callable[[str], object] | None = None,
) -> pd.DataFrame:
    """Run the meta-tests that the results lack, add them to the results, and write the report.

    Args:
        folder: Folder of the weights, such as a run's folder.
        testing: Data sets, kinds of tasks, episodes.
        learner: The learner; it is tested on its current device.
        command: The user's command, for the report.
        progress: Show a progress bar.
        batch: Episodes per batch.
        report: Write the report too.
        output: Folder for the results and the report; None for the folder of the weights.
        say: Called with messages, such as when the batch is made smaller.

    Returns:
        The whole table of results.

    Raises:
        GpiclError: If there is nothing to test, a data set is not available, or the results cannot be written.
    """
    check_counts(testing.episodes, batch)
    card, target = load_card(folder), output or folder
    learner = sized_for_testing(learner, testing)
    plan = plan_tests(card, testing)
    positions = testing.positions_of(plan[0].test.length)
    path = target / RESULTS_FILE
    results = read_results(path)
    about = {"weights": card["sha256"][:16], "options": options_digest(card)}
    check_same_weights(results, **about, path=path)
    wanted = report and not (target / REPORT_FILE).exists()
    if not wanted and not any(_lacking(one, results, positions, testing, target) for one in plan):
        return results
    if say is not None and (warning := _changed_code(folder, card)):
        say(f"Warning: {warning}")
    make_folder(target)
    with run_lock(target, say), testing_progress(progress) as bar:
        results = read_results(path)
        check_same_weights(results, **about, path=path)
        for one in plan:
            lacking = _lacking(one, results, positions, testing, target)
            if lacking:
                outcomes = make_folder(target / OUTCOMES_FOLDER) if testing.outcomes else None
                rows = _make(one, lacking, card, learner, batch, bar, outcomes, say)
                results = add_rows(results, one.test, rows.assign(**about))
                write_results(path, results)
        if report:
            _report(folder, target, card, results, plan, command)
    return results


def is_tested(run: Run, testing: TestingConfig) -> bool:
    """Whether a run is finished and has all requested results, so that nothing is left to do.

    Args:
        run: A finished or unfinished run.
        testing: The requested tests.

    Raises:
        ConfigError: If the data, or the user's own learner, has changed since the run.
    """
    if not (run.finished and (run.folder / RESULTS_FILE).exists()):
        return False
    run.check_unchanged()
    return not untested(run.folder, testing)


def untested(folder: Path, testing: TestingConfig) -> list[PlannedTest]:
    """List the requested tests that are missing from a run's results.

    Args:
        folder: The run's folder.
        testing: The requested tests.
    """
    plan = plan_tests(load_card(folder), testing)
    results, positions = read_results(folder / RESULTS_FILE), testing.positions_of(plan[0].test.length)
    return [one for one in plan if _lacking(one, results, positions, testing, folder)]


def tested_rows(folder: Path, testing: TestingConfig) -> pd.DataFrame:
    """Read only the rows of a run's results that belong to the requested tests.

    Args:
        folder: The run's folder.
        testing: The requested tests.

    Raises:
        CheckpointError: If some of these tests are missing.
    """
    plan = plan_tests(load_card(folder), testing)
    results, positions = read_results(folder / RESULTS_FILE), testing.positions_of(plan[0].test.length)
    if any(one.test.lacking(results, positions) for one in plan):
        raise CheckpointError(f"{folder / RESULTS_FILE} lacks some of the requested tests. Run the same command again.")
    return rows_of(results, [one.test for one in plan], positions)


def _changed_code(folder: Path, card: dict[str, Any]) -> str | None:
    """Return a warning if the learner's source has changed since its weights were meta-trained.

    Shipped weights are tested with the code that they are shipped with.
    """
    if is_shipped(folder):
        return None
    then = (card.get("sources") or {}).get("learner")
    if then is None or then == learner_source(card["learner"]):
        return None
    return f"the code of {card['learner']} has changed since these weights were meta-trained."


def _lacking(
    one: PlannedTest, results: pd.DataFrame, positions: list[int], testing: TestingConfig, target: Path
) -> list[int]:
    lacking = one.test.lacking(results, positions)
    if not testing.outcomes:
        return lacking
    saved = saved_positions(target / OUTCOMES_FOLDER / one.test.file_name)
    # The file is replaced as a whole, so positions that it has are tested again.
    return sorted({*saved, *positions}) if lacking or not set(positions) <= saved else []


def _make(
    one: PlannedTest,
    positions: list[int],
    card: dict[str, Any],
    learner: Learner,
    batch: int,
    bar: Progress,
    outcomes: Path | None,
    say: Callable[[str], object] | None,
) -> pd.DataFrame:
    test, precision = one.test, TrainedWith.of(card).precision
    # Seen tasks need the run's own pipeline; another one would make different tasks from the same ids.
    trained, interventions, defined_by = None, NO_INTERVENTION, ""
    if test.tasks == "seen":
        config = trained_config(card)
        trained, interventions = trained_tasks(config, trained_steps(card))
        defined_by = _definition(config, interventions)

    def save(name: str, kind: str, right: np.ndarray) -> None:
        if outcomes is not None:
            data = load_test_contents(one.name, one.image).digest
            _remove_outdated(outcomes, test)
            of_tasks = {"data": data, "trained_tasks": defined_by, "classes": learner.num_classes}
            described = {**of_tasks, "version": EPISODES_VERSION, **test._asdict()}
            save_outcomes(outcomes / test.file_name, right, positions, **described)

    shown = bar.add_task(f"meta-testing {test.dataset}, {test.tasks}", total=test.episodes, accuracy="")
    rows = evaluate(
        learner,
        {test.dataset: load_test_set(one.name, one.image)},
        tasks=[test.tasks],
        episodes=test.episodes,
        length=test.length,
        positions=positions,
        seed=test.seed,
        batch=batch,
        precision=precision,
        trained=trained,
        interventions=interventions,
        on_progress=partial(move_bar, bar, shown),
        on_outcomes=save,
        on_note=say,
    )
    return rows.assign(on_training_images=one.on_training_images)


def _definition(config: RunConfig, interventions: Interventions) -> str:
    """Hash what defines the seen tasks of a run, apart from its seed and the examples."""
    tasks = config.tasks
    decisive = [tasks.num_tasks, tasks.num_classes, tasks.widen, interventions.permutation_probability]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]


def _remove_outdated(outcomes: Path, test: MetaTest) -> None:
    """Remove outcomes of the same test with other code or data, as `add_rows` does with rows."""
    for path in outcomes.glob(f"{test.tasks}-*.npz"):
        found = describe_outcomes(path)
        if found.get("key") != test.key and all(found.get(name) == getattr(test, name) for name in PLACE):
            path.unlink()


def _report(
    folder: Path, target: Path, card: dict[str, Any], results: pd.DataFrame, plan: list[PlannedTest], command: str
) -> None:
    figures = {"learning": learning_curve(results)}
    examples = _examples(card, plan)
    if examples is not None:
        figures["examples"] = examples
    log = folder / "metrics.csv"
    if log.exists():  # a learner without meta-training has no log
        figures["training"] = training_curve(read_log(log), card["options"]["num_classes"])
    write_report(target / REPORT_FILE, folder.name, card, results, command, **figures)


def _examples(card: dict[str, Any], plan: list[PlannedTest]) -> Figure | None:
    trained = TrainedWith.of(card)
    features = _shown(trained, plan)
    if features is None:
        return None
    source = TaskAugmentor(
        features,
        length=10,
        num_features=max(card["options"]["num_features"], features.features.shape[1]),
        num_classes=max(card["options"]["num_classes"], features.num_classes),
        seed=trained.seed,
        device=torch.device("cpu"),
    )
    return example_images(features, source.episodes([0], "identity"), [source.episodes([n], "unseen") for n in (0, 1)])


def _shown(trained: TrainedWith, plan: list[PlannedTest]) -> FeatureDataset | None:
    """Images for the report: those of meta-training or, if they are not available, those of the meta-test."""
    for name, image in ((trained.image.dataset, trained.image), *((one.name, one.image) for one in plan)):
        with suppress(GpiclError):
            return load_test_set(name, image)
    return None


def move_bar(bar: Progress, task: TaskID, name: str, done: int, accuracy: float) -> None:
    """Update a bar of `testing_progress`; `evaluate` calls this after every batch.

    Args:
        bar: All bars.
        task: The bar to update.
        name: Name of the data set.
        done: Episodes done.
        accuracy: Accuracy at the last position so far, 0 to 1.
    """
    bar.update(task, completed=done, accuracy=f"{accuracy:.1%}")


def testing_progress(shown: bool) -> Progress:
    """Progress bars for meta-tests, with the accuracy at the last position.

    Args:
        shown: False for no output.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %  last position {task.fields[accuracy]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not shown,
    )
