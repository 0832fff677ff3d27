"""The comparison as one tidy table."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from gpicl.data import dataset_label
from gpicl.experiments.comparison.classical import contest_rows
from gpicl.experiments.comparison.contests import Contest
from gpicl.metatesting import accuracy_interval, accuracy_over_seeds, reference_table
from gpicl.runs.planning import sized_for_testing
from gpicl.weights import load_card, load_weights

TIME_FILE = "prediction_time.json"
MEASURED = "this run"


def comparison_table(contests: Sequence[Contest], failures: Mapping[Path, str]) -> pd.DataFrame:
    """Gather what the folders of the contests hold, and what others report of the same learners.

    Args:
        contests: Those that are done.
        failures: Why some of them failed, by folder.

    Returns:
        One row per learner, source and data set: `learner`, `source` (`this run`, or whose report), `dataset`,
        `accuracy` at the last position, `low`, `high` (95 %: see `accuracy_over_seeds`, or of one seed
        `accuracy_interval`), `seeds`, `episodes` per seed, `parameters`, `state_size`, `steps`, `minutes` of
        meta-training (mean), `milliseconds` per prediction (mean), `size` and `channels` of its images, `features` F
        that they are projected to, `failure`.
    """
    rows: list[dict[str, Any]] = []
    for entrant, group in groupby(contests, lambda contest: contest.entrant):
        same = list(group)
        rows += _measured(same, failures)
        names = {"paper": entrant.published, "earlier reproduction": entrant.earlier}
        labels = [dataset_label(name) for name in same[0].config.testing.datasets]
        datasets = {_reference_name(label): label for label in labels}
        for row in reference_table().itertuples():
            if names.get(str(row.source)) == row.learner and row.dataset in datasets:
                rows.append(
                    {
                        "learner": entrant.name,
                        "source": row.source,
                        "dataset": datasets[str(row.dataset)],
                        "accuracy": row.accuracy,
                    }
                )
    return pd.DataFrame(rows)


def failed_learners(table: pd.DataFrame) -> list[str]:
    """Name the learners of a `comparison_table` of which a run failed."""
    return sorted(table.loc[table["failure"].notna(), "learner"].unique())


def _measured(contests: list[Contest], failures: Mapping[Path, str]) -> Iterable[dict[str, Any]]:
    done = [contest for contest in contests if contest.folder not in failures]
    reasons = " ".join(failures[contest.folder] for contest in contests if contest.folder in failures)
    config = contests[0].config
    shared = {
        "learner": contests[0].entrant.name,
        "source": MEASURED,
        "size": config.data.size,
        "channels": config.data.channels,
        "failure": reasons or None,
    }
    if not done:
        return [{**shared, "dataset": dataset_label(name), "seeds": 0} for name in config.testing.datasets]
    shared |= {"seeds": len(done), "episodes": config.testing.episodes, **_costs(done)}
    length = config.test_length
    tables = []
    for contest in done:
        table = contest_rows(contest)
        tables.append(table[(table["position"] == length) & (table["tasks"] == "unseen")].set_index("dataset"))
    rows = []
    for name in config.testing.datasets:
        label = dataset_label(name)
        found = pd.DataFrame([table.loc[label] for table in tables])
        accuracies = found["accuracy"].to_numpy(dtype=float)
        episodes, examples = int(found["episodes"].iloc[0]), int(found["examples"].iloc[0])
        low, high = (
            accuracy_over_seeds(accuracies, episodes, examples)
            if len(found) > 1
            else accuracy_interval(float(accuracies[0]), episodes, examples)
        )
        rows.append({**shared, "dataset": label, "accuracy": float(accuracies.mean()), "low": low, "high": high})
    return rows


def _costs(contests: list[Contest]) -> dict[str, Any]:
    milliseconds = [json.loads((c.folder / TIME_FILE).read_text())["milliseconds"] for c in contests]
    costs: dict[str, Any] = {"milliseconds": sum(milliseconds) / len(milliseconds)}
    if contests[0].entrant.classical:
        return costs
    cards = [load_card(contest.folder) for contest in contests]
    learner = sized_for_testing(load_weights(contests[0].folder), contests[0].config.testing)
    return {
        **costs,
        "features": learner.num_features,
        "parameters": learner.num_parameters,
        "state_size": learner.state_size(contests[0].config.test_length),
        "steps": sum(card["steps"] for card in cards) / len(cards),
        "minutes": sum(card["seconds"] for card in cards) / len(cards) / 60,
    }


def _reference_name(label: str) -> str:
    # The 5,000 images of MNIST that come with the package stand for it where the rest cannot be had.
    return "mnist" if label == "mnist_5k" else label
