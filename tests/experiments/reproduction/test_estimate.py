"""What a dry run counts."""

from dataclasses import replace

import pytest
import torch

from gpicl.experiments.reproduction import Settings, changed, find_experiment, find_sources
from gpicl.experiments.reproduction.estimate import EpisodeTime, estimate, print_costs, time_of_episode
from gpicl.experiments.reproduction.gpu_timing import timed_run
from gpicl.experiments.sweep import SweptRun
from gpicl.metatraining import DataConfig, LearnerConfig, RunConfig, TaskConfig, TrainingConfig


@pytest.fixture
def settings(tmp_path):
    return Settings("smoke", find_sources("smoke", None), tmp_path)


def test_steps_are_counted_of_what_is_meta_trained_alone(settings):
    costs = estimate(find_experiment("ablation").grid(settings), settings).set_index("learner")
    assert list(costs.loc["EarlierTransformer", ["runs", "finished", "steps"]]) == [12, 0, 24]
    assert list(costs.loc["EarlierSGD", ["runs", "finished", "steps"]]) == [8, 0, 0]
    assert (costs["hours"] > 0).all(), "what is not meta-trained is still meta-tested"


def test_a_short_run_times_an_episode_as_training_takes_it():
    config = RunConfig(
        DataConfig("mnist", size=4),
        TaskConfig(length=12),
        LearnerConfig("ValueTransformer", {"layers": 1, "width": 8, "heads": 1, "key_size": 8}),
        TrainingConfig(steps=50_000, batch=4),
        init="runs/that-is-not-there-yet",
    )
    training, testing = timed_run(config, torch.device("cpu"))
    assert training > 0
    assert testing > 0
    assert timed_run(replace(config, learner=LearnerConfig("SGD")), torch.device("cpu"))[0] == 0


def test_scale_gpu_is_estimated_in_minutes_of_a_gpu_and_says_so_where_there_is_none(settings, monkeypatch, capsys):
    here = replace(settings, scale="gpu")
    base = RunConfig(DataConfig(size=4), TaskConfig(length=20), LearnerConfig("ValueTransformer", {"width": 8}))
    runs = [SweptRun(changed(base, {"training.batch": batch, "training.steps": 600})) for batch in (64, 128)]
    monkeypatch.setattr("gpicl.experiments.reproduction.estimate.time_of_episode", lambda config: EpisodeTime(1, 0))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    print_costs({"mine": estimate(runs, here)}, here)
    printed = " ".join(capsys.readouterr().out.split())
    assert "core hours" in printed
    assert "GPU minutes are timed on a GPU, and PyTorch sees none here" in printed

    timed = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    monkeypatch.setattr(
        "gpicl.experiments.reproduction.estimate.timed_run", lambda config, device: timed.append(device) or (1e-3, 0)
    )
    costs = estimate(runs, here)
    assert [device.type for device in timed] == ["cuda"] * 2, "a batch twice as large is another kind on a GPU"
    assert 60 * costs["hours"].sum() == pytest.approx(600 * (64 + 128) * 1e-3 / 60)
    print_costs({"mine": costs}, here)
    printed = " ".join(capsys.readouterr().out.split())
    assert "GPU minutes" in printed
    assert "This machine: Some GPU" in printed


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


@pytest.mark.parametrize(
    ("field", "values", "times"),
    [
        ("tasks.fewest_classes", (None, 2), 2),  # any field counts that is not known to cost nothing
        ("data.size", (4, 5), 2),
        ("learner.options.width", (8, 16), 2),
        ("training.epsilon", (1e-8, 1e-4), 1),
        ("training.steps", (1, 2), 1),
        ("tasks.num_tasks", (4, 8), 1),
        ("loop.log_every", (1, 2), 1),
    ],
)
def test_runs_are_timed_apart_where_anything_differs_that_may_cost_time(field, values, times, settings, monkeypatch):
    timed = []
    monkeypatch.setattr(
        "gpicl.experiments.reproduction.estimate.time_of_episode", lambda config: timed.append(1) or EpisodeTime(1, 1)
    )
    base = RunConfig(DataConfig(size=4), TaskConfig(length=20), LearnerConfig("ValueTransformer", {"width": 8}))
    # A seed of their own tells their folders apart.
    runs = [
        SweptRun(changed(base, {field: value, "training.seed": seed}), {"seed": seed})
        for seed, value in enumerate(values)
    ]
    assert estimate(runs, settings)["runs"].sum() == 2
    assert len(timed) == times


def test_a_misspelt_field_is_refused():
    with pytest.raises(TypeError, match="num_task"):
        changed(RunConfig(), {"tasks.num_task": 4})
