"""What a dry run counts."""

from dataclasses import replace

import pytest

from gpicl.experiments.reproduction import Settings
from gpicl.experiments.reproduction.estimate import estimate, time_of_episode
from gpicl.experiments.reproduction.registry import find_experiment
from gpicl.experiments.reproduction.sources import find_sources
from gpicl.metatraining import DataConfig, LearnerConfig, RunConfig, TaskConfig, TrainingConfig


@pytest.fixture
def settings(tmp_path):
    return Settings("smoke", find_sources("smoke", None), tmp_path)


def test_steps_are_counted_of_what_is_meta_trained_alone(settings):
    costs = estimate(find_experiment("ablation").grid(settings), settings).set_index("learner")
    assert list(costs.loc["EarlierTransformer", ["runs", "finished", "steps"]]) == [12, 0, 24]
    assert list(costs.loc["EarlierSGD", ["runs", "finished", "steps"]]) == [8, 0, 0]
    assert (costs["hours"] > 0).all(), "what is not meta-trained is still meta-tested"


def test_runs_that_were_counted_before_and_places_that_share_a_run_count_once(settings):
    runs = find_experiment("plateau").grid(settings)
    folders = {run.folder(settings.output) for run in runs}
    assert estimate(runs, settings)["runs"].sum() == len(folders) < len(runs)
    assert estimate(runs, settings, folders).empty


def test_an_episode_of_a_larger_learner_takes_longer():
    small = RunConfig(
        DataConfig(size=4),
        TaskConfig(length=50),
        LearnerConfig("ValueTransformer", {"layers": 1, "width": 16, "heads": 1, "key_size": 16}),
        TrainingConfig(batch=16),
    )
    large = replace(small, learner=LearnerConfig("ValueTransformer", {"layers": 8, "width": 256}))
    assert time_of_episode(large).training > time_of_episode(small).training > 0
