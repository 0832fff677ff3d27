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

from gpicl.data import FeatureDataset, load_dataset, preprocess
from gpicl.files import write_atomically
from gpicl.learners import Learner
from gpicl.metatesting import evaluate
from gpicl.metatraining import DataConfig, TestingConfig
from gpicl.report import example_images, learning_curve, training_curve, write_report
from gpicl.tasks import TaskAugmentor
from gpicl.weights import load_card

# Unseen tasks are the same for every run, whatever its own seed, so that all runs answer the same episodes.
TEST_SEED = 0


def meta_test_run(
    folder: Path,
    testing: TestingConfig,
    learner: Learner,
    command: str,
    progress: bool = True,
    batch: int = 128,
) -> pd.DataFrame:
    """Meta-test a run's learner on what has not been tested yet, add it to the results, and write the report.

    Args:
        folder: The run's folder.
        testing: Data sets, kinds of tasks, episodes.
        learner: The learner.
        command: What the user typed, for the report.
        progress: Show a progress bar.
        batch: Episodes at once.

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
    missing = {}
    for name in testing.datasets:
        label = label_of(name)
        kinds = [
            kind for kind in testing.tasks if not _done(results, label, kind, testing.episodes, learner, positions)
        ]
        if kinds:
            missing[label] = (load_test_set(name, image), kinds)
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
    _report(folder, card, results, command)
    return results


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
    return preprocess(load_dataset(name, "test", root), image.size, image.channels)


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


def _done(results: pd.DataFrame, label: str, kind: str, episodes: int, learner: Learner, positions: list[int]) -> bool:
    if results.empty or "features" not in results:  # results of a version that did not note them are made again
        return False
    results = results[results["features"] == learner.num_features]
    rows = results[(results["dataset"] == label) & (results["tasks"] == kind)]
    return list(rows["position"]) == positions and bool((rows["episodes"] == episodes).all())


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
