"""Classical learners in the same meta-test: the baseline that a meta-trained learner has to beat."""

import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from gpicl.data import FeatureDataset
from gpicl.errors import TaskError, UnknownNameError
from gpicl.metatesting.evaluate import Answers, Progress, answer_episodes, check_counts, check_positions
from gpicl.runtime import find_device
from gpicl.tasks import Episodes, TaskAugmentor

CLASSICAL: dict[str, Callable[[int], ClassifierMixin]] = {
    "NearestNeighbour": lambda _: KNeighborsClassifier(1),
    "CosineNeighbours": lambda count: KNeighborsClassifier(min(5, count), metric="cosine"),
    "LogisticRegression": lambda _: LogisticRegression(max_iter=1000),
    "LinearSVM": lambda _: SVC(kernel="linear"),
    "RBFSVM": lambda _: SVC(C=10.0),
    "ShrinkageLDA": lambda _: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
}
"""Classifiers by name; each entry builds one for a given number of examples.

They are not tuned on the data sets that are reported.
"""
# Inputs in float32 that differ by less, relative to the largest, are equal.
_ROUNDING = 1e-5

# Classifiers that depend only on inner products and distances.
ROTATED = ("NearestNeighbour", "CosineNeighbours", "LogisticRegression", "LinearSVM")
# From this number on, an episode is rotated first: it saves more time than it takes.
_MANY_FEATURES = 1000


def predict_classically(name: str, inputs: np.ndarray, labels: np.ndarray, positions: Sequence[int]) -> np.ndarray:
    """Predict the labels of one episode at some positions, each with a classifier fitted to all earlier examples.

    Args:
        name: One of `CLASSICAL`.
        inputs: Features `[T, F]` of the episode.
        labels: Labels `[T]` of the episode.
        positions: Positions to predict, counted from 1. If no example came before, the prediction is label 0; if all
            of them have one class, it is that class.

    Returns:
        A label for each position.

    Raises:
        UnknownNameError: If the classifier is unknown.
        TaskError: If a position is outside the episode.
    """
    if name not in CLASSICAL:
        raise UnknownNameError("classical learner", name, CLASSICAL)
    check_positions(positions, len(labels))
    if name in ROTATED and inputs.shape[1] >= _MANY_FEATURES:
        inputs = in_fewer_features(inputs)
    answers = []
    for position in positions:
        context, known = inputs[: position - 1], labels[: position - 1]
        if len(np.unique(known)) < 2:
            answers.append(known[0] if len(known) else 0)
            continue
        classifier = CLASSICAL[name](len(known))
        if isinstance(classifier, LinearDiscriminantAnalysis) and not _varies_within_classes(context, known):
            # LDA would divide by zero, and its limit is the nearest mean.
            classifier = KNeighborsClassifier(1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convergence and classes with one member are part of the protocol
            answers.append(classifier.fit(context, known).predict(inputs[position - 1 : position])[0])
    return np.array(answers)


def in_fewer_features(inputs: np.ndarray) -> np.ndarray:
    """Rotate the T examples of an episode into T features if they have more than T.

    WHY: this keeps all inner products and distances, and fitting logistic regression to 3,072 features takes many times
    as long as to 100. The coordinates of an example do not depend on later ones.

    Args:
        inputs: Features `[T, F]`.
    """
    count, features = inputs.shape
    if features <= count:
        return inputs
    _, triangular = np.linalg.qr(inputs.T.astype(np.float64))
    return np.asarray(triangular.T, np.float32)


def _varies_within_classes(inputs: np.ndarray, labels: np.ndarray) -> bool:
    _, first, which = np.unique(labels, return_index=True, return_inverse=True)
    apart = np.abs(inputs - inputs[first[which]]).max()
    return bool(apart > _ROUNDING * np.abs(inputs).max())


def evaluate_classical(
    name: str,
    datasets: Mapping[str, FeatureDataset],
    *,
    positions: Sequence[int] = (100,),
    episodes: int = 4096,
    length: int = 100,
    num_classes: int = 10,
    seed: int = 0,
    device: torch.device | str | None = None,
    on_progress: Progress | None = None,
) -> pd.DataFrame:
    """Meta-test a classical learner on the same episodes of unseen tasks that `evaluate` uses.

    Args:
        name: One of `CLASSICAL`.
        datasets: Data sets by their name in the table.
        positions: Positions to report, from 1 to `length`; the classifier is fitted again for each.
        episodes: Episodes per data set.
        length: Examples T per episode.
        num_classes: Labels C of a task.
        seed: Seed of the tasks.
        device: Device on which the episodes are made; None for the GPU if there is one. Classifiers are fitted on the
            CPU.
        on_progress: See `evaluate`.

    Returns:
        The table of `evaluate` at these positions. The loss is NaN, since not all classifiers give probabilities.

    Raises:
        UnknownNameError: If the classifier is unknown.
        TaskError: If a position is outside the episode, or there is no data set.
    """
    if name not in CLASSICAL:
        raise UnknownNameError("classical learner", name, CLASSICAL)
    check_positions(positions, length)
    check_counts(episodes, batch=1)
    if not datasets:
        raise TaskError("There is nothing to test: name at least one data set.")

    def answer(batch: Episodes) -> Answers:
        predictions = [
            predict_classically(name, inputs, labels, positions)
            for inputs, labels in zip(batch.inputs.cpu().numpy(), batch.labels.cpu().numpy(), strict=True)
        ]
        truth = batch.labels.cpu()[:, [position - 1 for position in positions]]
        right = torch.from_numpy(np.stack(predictions)) == truth
        return right.to(batch.labels.device), torch.full(truth.shape, float("nan"), device=batch.labels.device)

    found = find_device(device)
    parts = []
    for i, (label, dataset) in enumerate(datasets.items()):
        source = TaskAugmentor(dataset, length=length, num_classes=num_classes, seed=seed, device=found)

        def report(count: int, accuracy: float, label: str = label, before: int = i * episodes) -> None:
            if on_progress is not None:
                on_progress(label, before + count, accuracy)

        table = answer_episodes(answer, source, "unseen", positions, episodes, 32, report)
        parts.append(table.assign(dataset=label)[["dataset", *table.columns]])
    return pd.concat(parts, ignore_index=True)
