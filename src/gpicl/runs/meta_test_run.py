"""Meta-testing a run's folder: what `gpicl train` ends with, `gpicl evaluate` does and `gpicl compare` is made of."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from gpicl.data import FeatureDataset, load_features
from gpicl.files import write_atomically
from gpicl.learners import Learner
from gpicl.metatesting import evaluate
from gpicl.metatraining import DataConfig, TestingConfig
from gpicl.report import example_images, learning_curve, training_curve, write_report
from gpicl.tasks import TaskAugmentor, TaskKind
from gpicl.weights import CARD_FILE, load_card

# Unseen tasks are the same for every run, whatever its own seed, so that all runs answer the same episodes.
TEST_SEED = 0


def meta_test_run(
    folder: Path,
    testing: TestingConfig,
    learner: Learner,
    command: str,
    progress: bool = True,
    batch: int = 128,
    report: bool = True,
) -> pd.DataFrame:
    """Meta-test a run's learner on what has not been tested yet, add it to the results, and write the report.

    Args:
        folder: The run's folder.
        testing: Data sets, kinds of tasks, episodes.
        learner: The learner.
        command: What the user typed, for the report.
        progress: Show a progress bar.
        batch: Episodes at once.
        report: Write the report too.

    Returns:
        The whole table of results.
    """
    card = load_card(folder)
    settings = card["meta_training"]
    image, tasks = image_for_testing(DataConfig(**settings["data"]), testing), settings["tasks"]
    length = testing.length or tasks["length"]
    positions = testing.positions_of(length)
    path = folder / "results.csv"
    results = pd.read_csv(path) if path.exists() else pd.DataFrame()
    learner = sized_for_testing(learner, testing)
    untested = _untested(results, testing, learner.num_features, positions)
    missing = {label_of(name): (load_test_set(name, image), kinds) for name, kinds in untested.items()}
    with testing_progress(progress) as bar:
        for label, (dataset, kinds) in missing.items():
            task = bar.add_task(f"meta-testing {label}", total=testing.episodes * len(kinds), accuracy="")
            parts = []
            for i, kind in enumerate(kinds):
                part = evaluate(
                    learner,
                    {label: dataset},
                    tasks=[kind],
                    episodes=testing.episodes,
                    length=length,
                    positions=positions,
                    num_tasks=tasks["num_tasks"],
                    seed=settings["training"]["seed"] if kind == "seen" else TEST_SEED,
                    batch=batch,
                    precision=settings["training"]["precision"],
                    on_progress=partial(move_bar, bar, task, i * testing.episodes),
                )
                parts.append(part)
            table = pd.concat(parts)
            results = _replace(results, table)
            write_atomically(path, partial(results.to_csv, index=False))
    if report:
        _report(folder, card, results, command)
    return results


def is_tested(folder: Path, testing: TestingConfig) -> bool:
    """Whether a run is finished and has all the results that are asked for, so that there is nothing left to do.

    Args:
        folder: The run's folder.
        testing: What is asked for.
    """
    path = folder / "results.csv"
    if not ((folder / CARD_FILE).exists() and path.exists()):
        return False
    card = load_card(folder)
    features = testing.num_features or card["options"]["num_features"]
    length = testing.length or card["meta_training"]["tasks"]["length"]
    return not _untested(pd.read_csv(path), testing, features, testing.positions_of(length))


def sized_for_testing(learner: Learner, testing: TestingConfig) -> Learner:
    """Give a learner the number of features that it is meta-tested with.

    Args:
        learner: As it was meta-trained.
        testing: Says the number, or that it is the same.

    Raises:
        LearnerError: If it is another, and the learner reads no other.
    """
    if testing.num_features is None:
        return learner
    return learner.with_size(testing.num_features, learner.num_classes)


def image_for_testing(image: DataConfig, testing: TestingConfig) -> DataConfig:
    """How images are prepared for a meta-test.

    Args:
        image: How they were for meta-training.
        testing: Says what is different.
    """
    return replace(image, size=testing.size or image.size, channels=testing.channels or image.channels)


def label_of(name: str) -> str:
    """What a data set is called in a table.

    Args:
        name: Its name, its path, or LABEL=PATH.
    """
    return name.partition("=")[0]


def load_test_set(name: str, image: DataConfig) -> FeatureDataset:
    """Load what a learner is meta-tested on, prepared as the images that it was meta-trained on were.

    Args:
        name: Name or path of the data set.
        image: What the learner was meta-trained on.
    """
    root = image.root if name == image.dataset else None
    return load_features(name, "test", root, image.size, image.channels)


def _report(folder: Path, card: dict[str, Any], results: pd.DataFrame, command: str) -> None:
    settings = card["meta_training"]
    image = settings["data"]
    features = load_test_set(image["dataset"], DataConfig(**image))
    figures = {"learning": learning_curve(results), "examples": _examples(features, card)}
    log = folder / "metrics.csv"
    if log.exists():  # not of a learner that has nothing to meta-train
        figures["training"] = training_curve(log, card["options"]["num_classes"])
    write_report(folder / "report.html", folder.name, card, results, command, **figures)


def _examples(features: FeatureDataset, card: dict[str, Any]) -> Figure:
    source = TaskAugmentor(
        features,
        length=10,
        num_features=max(card["options"]["num_features"], features.features.shape[1]),
        num_classes=card["options"]["num_classes"],
        seed=card["meta_training"]["training"]["seed"],
        device=torch.device("cpu"),
    )
    return example_images(features, source.episodes([0], "identity"), [source.episodes([n], "unseen") for n in (0, 1)])


def _untested(
    results: pd.DataFrame, testing: TestingConfig, features: int, positions: list[int]
) -> dict[str, list[TaskKind]]:
    """Kinds of tasks that results lack, by the name of the data set; no name that lacks none."""
    if results.empty or "features" not in results:  # results of a version that did not note them are made again
        return {name: list(testing.tasks) for name in testing.datasets}
    results = results[(results["features"] == features) & (results["episodes"] == testing.episodes)]
    found = {key: list(rows["position"]) for key, rows in results.groupby(["dataset", "tasks"])}
    lacking: dict[str, list[TaskKind]] = {
        name: [kind for kind in testing.tasks if found.get((label_of(name), kind)) != positions]
        for name in testing.datasets
    }
    return {name: kinds for name, kinds in lacking.items() if kinds}


def _replace(results: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    if results.empty:
        return table
    new = set(zip(table["dataset"], table["tasks"], strict=True))
    old = [pair not in new for pair in zip(results["dataset"], results["tasks"], strict=True)]
    return pd.concat([results[old], table], ignore_index=True)


def move_bar(bar: Progress, task: TaskID, before: int, name: str, done: int, accuracy: float) -> None:
    """Move a bar of `testing_progress` as far as a meta-test has come; what `evaluate` calls after every batch.

    Args:
        bar: All bars.
        task: This one.
        before: Episodes that were done before this meta-test.
        name: Of the data set.
        done: Episodes done.
        accuracy: At the last position, so far.
    """
    bar.update(task, completed=before + done, accuracy=f"{accuracy:.1%}")


def testing_progress(shown: bool) -> Progress:
    """Bars for meta-tests: episodes done, accuracy at the last position.

    Args:
        shown: Whether to show them at all.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %  last position {task.fields[accuracy]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not shown,
    )
