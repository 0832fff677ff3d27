"""Classical learners in the comparison, and the rows that a trial has produced."""

from functools import partial

import pandas as pd
import sklearn

from gpicl.data import contents_of, dataset_label
from gpicl.experiments.comparison.entries import Trial
from gpicl.files import make_folder
from gpicl.metatesting import evaluate_classical
from gpicl.runs.meta_test_run import move_bar, tested_rows, testing_progress
from gpicl.runs.planning import load_test_set
from gpicl.runs.results import RESULTS_FILE, MetaTest, add_rows, read_results, rows_of, test_key, write_results


def meta_test_classical(trial: Trial) -> None:
    """Meta-test a classical learner on the data sets and positions that its results lack.

    Args:
        trial: The learner's trial; results are written to its folder.
    """
    make_folder(trial.folder)
    path = trial.folder / RESULTS_FILE
    results = read_results(path)
    name, config = trial.entry.name, trial.config
    with testing_progress(config.loop.progress) as bar:
        for dataset, test in _tests(trial).items():
            lacking = test.lacking(results, trial.positions)
            if not lacking:
                continue
            shown = bar.add_task(f"meta-testing {name} on {test.dataset}", total=test.episodes, accuracy="")
            rows = evaluate_classical(
                name,
                {test.dataset: load_test_set(dataset, config.data)},
                positions=lacking,
                episodes=test.episodes,
                length=test.length,
                seed=test.seed,
                on_progress=partial(move_bar, bar, shown),
            )
            results = add_rows(results, test, rows.assign(weights=name))
            write_results(path, results)


def trial_rows(trial: Trial) -> pd.DataFrame:
    """Read a trial's results, without other rows that its folder holds.

    Args:
        trial: A finished trial.
    """
    if not trial.entry.classical:
        return tested_rows(trial.folder, trial.config.testing)
    return rows_of(read_results(trial.folder / RESULTS_FILE), _tests(trial).values(), trial.positions)


def _tests(trial: Trial) -> dict[str, MetaTest]:
    config = trial.config
    tests = {}
    for name in config.testing.datasets:
        contents = contents_of(load_test_set(name, config.data))
        tests[name] = MetaTest(
            dataset_label(name),
            "unseen",
            config.test_length,
            contents.image,
            contents.features,
            config.training.seed,
            config.testing.episodes,
            test_key(f"{trial.entry.name} {sklearn.__version__}", None, contents),
        )
    return tests
