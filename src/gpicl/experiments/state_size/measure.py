"""What is measured of a run: its last accuracies, its state, its parameters."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gpicl.experiments.sweep import SweptRun, accuracies_at
from gpicl.runs.planning import sized_for_testing
from gpicl.weights import load_weights

_last = accuracies_at(-1)


def measure(run: SweptRun, folder: Path) -> Iterable[dict[str, Any]]:
    """Measure accuracy at the last position of every data set.

    Args:
        run: The run.
        folder: Its folder.

    Returns:
        Rows of `accuracies_at`, with `state_size` (numbers) and `parameters`.
    """
    learner = sized_for_testing(load_weights(folder), run.config.testing)
    length = run.config.test_length
    sizes = {"state_size": learner.state_size(length), "parameters": learner.num_parameters}
    return [{**sizes, **row} for row in _last(run, folder)]
