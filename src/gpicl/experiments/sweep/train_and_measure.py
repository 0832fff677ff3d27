"""What a worker does with one run of a sweep."""

from gpicl.data import dataset_label
from gpicl.experiments.sweep.run_lock import run_lock
from gpicl.metatraining import Run, RunConfig
from gpicl.runs.train_and_test import train_and_test


def train_and_measure(config: RunConfig, output: str, command: str, batch: int) -> str:
    """Meta-train and meta-test one run, from the beginning or from where it was interrupted.

    Args:
        config: The run.
        output: Folder of all runs.
        command: What the user typed.
        batch: Episodes at once of the meta-test.

    Returns:
        The figure that a line of progress shows.
    """
    with run_lock(Run(config, output).folder):
        _, results = train_and_test(config, output, command, lambda _: None, batch, report=False)
    if results is None:
        return ""
    dataset, kind = dataset_label(config.testing.datasets[0]), config.testing.tasks[-1]
    rows = results[(results["dataset"] == dataset) & (results["tasks"] == kind)]
    return f"{kind} {dataset} {rows['accuracy'].iloc[-1]:.1%}"
