"""What a page says of the runs behind it."""

import pandas as pd
import pytest

from gpicl.experiments.reproduction import Settings
from gpicl.experiments.reproduction.page import Page, write_experiment_page


def page_of(tmp_path, seeds: list[int], episodes: tuple[int, int]) -> str:
    costs = pd.DataFrame({"seed": seeds, "run": [f"run-{seed}" for seed in seeds], "seconds": 60.0, "failure": None})
    page = Page("name", "Title", "Question?", costs[["seed"]], costs, None, (), {}, episodes)
    write_experiment_page(tmp_path, page, Settings("laptop"), "gpicl reproduce name", "here")
    return " ".join((tmp_path / "name.md").read_text().split())


@pytest.mark.parametrize(
    ("seeds", "text"), [([3], "1 run; seed 3; 1,024 episodes"), ([0, 1], "2 runs; seeds 0, 1; 1,024 episodes")]
)
def test_a_page_counts_runs_and_seeds_in_words(tmp_path, seeds, text):
    assert text in page_of(tmp_path, seeds, (1024, 1024))


def test_the_precision_of_a_page_is_that_of_the_run_with_the_fewest_episodes(tmp_path):
    page = page_of(tmp_path, [0], (192, 4096))
    assert "192 to 4,096 episodes" in page
    assert "± 7.0 points or better" in page
