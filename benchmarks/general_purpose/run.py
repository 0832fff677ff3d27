"""A table with one set of weights per column and one data set per row, next to the best refitted classical learner.

    python benchmarks/general_purpose/run.py --weights mnist synthetic general value=RUN vsml=RUN \
        --data kmnist=FILE cifar10=FILE kannada=FILE dig_mnist=FILE omniglot=FILE --out docs/results/general-purpose

Every learner predicts position 100 of the same episodes of unseen tasks. Each cell of the table is kept in a file in
--cells, so the same command resumes. `--page` only writes the page, from the finished cells.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from page import write_results
from rows import ROWS
from threadpoolctl import threadpool_limits

from gpicl.data import FeatureDataset, contents_of, dataset_label, is_known, load_features
from gpicl.errors import GpiclError
from gpicl.learners import Learner
from gpicl.metatesting import CLASSICAL, FIRST_DRAW, evaluate, predict_classically, save_outcomes
from gpicl.runs.worker import end_with_parent
from gpicl.runtime import machine_description
from gpicl.tasks import TaskAugmentor
from gpicl.weights import find_weights, load_card, load_weights

LENGTH, POSITION, CLASSES, SEED = 100, 100, 10, 0
# With 3,072 features its covariance takes a second per episode.
_NOT_IN_COLOUR = ("ShrinkageLDA",)
# Episodes per piece of work for a process.
_FITTED_AT_ONCE = 128


def main() -> None:
    """Measure the missing cells, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", nargs="*", default=[], help="shipped names, or COLUMN=FOLDER of a run")
    parser.add_argument("--data", nargs="*", default=[], help="NAME=FILE for data sets that cannot be loaded by name")
    parser.add_argument("--rows", nargs="*", default=list(ROWS), choices=list(ROWS), help="data sets of the table")
    parser.add_argument("--classical", nargs="*", default=list(CLASSICAL), choices=list(CLASSICAL))
    parser.add_argument("--episodes", type=int, default=16384)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--batch",
        type=int,
        default=256,
        help="episodes per batch with 196 features; divided by 4 for 1,000 features or more",
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes that fit classical learners"
    )
    parser.add_argument("--cells", type=Path, default=Path("runs/general-purpose"), help="folder of the cells")
    parser.add_argument("--out", type=Path, required=True, help="folder of the page")
    parser.add_argument("--page", action="store_true", help="only write the page from the finished cells")
    options = parser.parse_args()
    try:
        if not options.page:
            measure(options)
        options.out.mkdir(parents=True, exist_ok=True)
        write_results(options.cells, options.out)
    except GpiclError as error:
        raise SystemExit(f"error: {error}") from error
    print(options.out / "README.md")


def measure(options: argparse.Namespace) -> None:
    """Measure every missing cell.

    Args:
        options: Options of the command line.

    Raises:
        GpiclError: If weights or a data set cannot be loaded; raised before anything is measured.
    """
    paths = dict(_named(text, "--data") for text in options.data)
    places = {row: paths.get(ROWS[row].source, ROWS[row].source) for row in options.rows}
    names = {row: place if is_known(place) else f"{row}={place}" for row, place in places.items()}
    features = {row: _features(name, ROWS[row].size, ROWS[row].channels) for row, name in names.items()}
    columns = dict(_named(text, "--weights") if "=" in text else (text, text) for text in options.weights)
    learners = {column: _learner(column, weights) for column, weights in columns.items()}
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn"), _begin) as pool:
        for row, dataset in features.items():
            for column, weights in columns.items():
                learner = learners[column]
                sized = learner.with_size(dataset.num_features, CLASSES) if learner.any_size else learner
                card = load_card(find_weights(weights))
                about = {"kind": "weights", "weights": card["sha256"], "features": sized.num_features}
                about |= {"learner": card["learner"], "trained_on": _trained_on(card)}
                right = _asker(sized, dataset, options)
                _cell(options, row, column, dataset, {**about, "device": _device(options.device)}, right)
            for name in options.classical:
                if ROWS[row].channels == 3 and name in _NOT_IN_COLOUR:
                    continue
                about = {"kind": "classical", "weights": "", "features": dataset.num_features, "learner": name}
                right = _fitter(name, (names[row], ROWS[row].size, ROWS[row].channels), pool, options)
                about |= {"trained_on": "", "device": machine_description()}
                _cell(options, row, name, dataset, about, right)


def _named(text: str, option: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise GpiclError(f"{option} takes NAME=PATH, not {text!r}.")
    return name, value


def _learner(column: str, weights: str) -> Learner:
    learner = load_weights(find_weights(weights))
    if not learner.any_size and learner.num_classes != CLASSES:
        raise GpiclError(
            f"{column} reads tasks of {learner.num_classes} classes, but those of the table have {CLASSES}."
        )
    return learner


@lru_cache(maxsize=4)
def _features(name: str, size: int, channels: int) -> FeatureDataset:
    return load_features(name, "test", None, size, channels)


def _cell(
    options: argparse.Namespace,
    row: str,
    column: str,
    dataset: FeatureDataset,
    about: Mapping[str, Any],
    answer: Callable[[], np.ndarray],
) -> None:
    """Measure one cell, unless it is finished."""
    path = options.cells / column / f"{row}.npz"
    contents = contents_of(dataset)
    test = {"dataset": row, "tasks": "unseen", "length": LENGTH, "seed": SEED, "episodes": options.episodes}
    same = {**test, "data": contents.digest, "weights": about["weights"], "features": about["features"]}
    if _holds(path, same):
        return
    started = time.monotonic()
    right = answer()
    seconds = round(time.monotonic() - started, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    examples = {"image": contents.image, "examples": contents.examples}
    save_outcomes(path, right[:, None], [POSITION], **{**about, **same, **examples, "seconds": seconds})
    print(f"{ROWS[row].title:22} {column:20} {right.mean():.1%} in {seconds:.0f} s", flush=True)


def _holds(path: Path, test: Mapping[str, Any]) -> bool:
    """Whether a cell holds the result of this test; a damaged one does not."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return all(archive[name].item() == value for name, value in test.items())
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return False


def _asker(learner: Learner, dataset: FeatureDataset, options: argparse.Namespace) -> Callable[[], np.ndarray]:
    def ask() -> np.ndarray:
        outcomes: list[np.ndarray] = []
        evaluate(
            learner.to(options.device),
            {"": dataset},
            episodes=options.episodes,
            length=LENGTH,
            seed=SEED,
            positions=[POSITION],
            batch=max(1, options.batch // (1 if learner.num_features < 1000 else 4)),
            on_outcomes=lambda dataset, tasks, right: outcomes.append(right[:, 0]),
        )
        return outcomes[0]

    return ask


def _fitter(
    name: str, data: tuple[str, int, int], pool: Executor, options: argparse.Namespace
) -> Callable[[], np.ndarray]:
    def fit() -> np.ndarray:
        firsts = range(0, options.episodes, _FITTED_AT_ONCE)
        parts = [range(first, min(first + _FITTED_AT_ONCE, options.episodes)) for first in firsts]
        return np.concatenate(list(pool.map(_fitted, [name] * len(parts), [data] * len(parts), parts)))

    return fit


def _begin() -> None:
    end_with_parent()
    torch.set_num_threads(1)
    threadpool_limits(1)


def _fitted(name: str, data: tuple[str, int, int], draws: range) -> np.ndarray:
    """Find which of some episodes of `evaluate` a classical learner predicts correctly. Runs in a separate process."""
    source = TaskAugmentor(_features(*data), length=LENGTH, num_classes=CLASSES, seed=SEED)
    inputs, labels = source.episodes(range(FIRST_DRAW + draws.start, FIRST_DRAW + draws.stop), "unseen")
    pairs = zip(inputs.numpy(), labels.numpy(), strict=True)
    return np.array([predict_classically(name, x, y, [POSITION])[0] == y[POSITION - 1] for x, y in pairs])


def _trained_on(card: Mapping[str, Any]) -> str:
    name = str(card.get("meta_training", {}).get("data", {}).get("dataset", "unknown"))
    return "+".join(dataset_label(part) for part in name.split("+"))


def _device(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else machine_description()


if __name__ == "__main__":
    main()
