"""Seen tasks of a meta-test are those that the run was trained on, whatever its tasks were."""

import pandas as pd
import pytest

from gpicl.cli.main import main
from gpicl.data import load_features
from gpicl.metatesting import FIRST_DRAW, evaluate
from gpicl.metatraining import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    RunConfig,
    TaskConfig,
    TrainingConfig,
    meta_train,
)
from gpicl.metatraining.build import trained_tasks
from gpicl.tasks import NO_INTERVENTION, TaskAugmentor

TRAIN = (
    "train --data.dataset digits --data.size 8 --tasks.length 10 --tasks.num_tasks 1 --learner.name MLP"
    " --learner.options.width 64 --training.steps 150 --training.batch 16 --training.optimiser adam"
    " --training.learning_rate 0.003 --testing.datasets [digits] --testing.tasks [unseen,seen] --testing.episodes 64"
    " --testing.positions [10] --loop.progress false --loop.validate_every 150 --loop.validation_episodes 2"
).split()


@pytest.mark.parametrize(
    "tasks",
    ["", "--tasks.widen {spectrum: 1.0}", "--tasks.permutation_probability 0.1", "--tasks.widen {spectrum: 0.001}"],
)
def test_a_memorised_task_is_known_when_it_is_tested(tmp_path, tasks):
    option, _, value = tasks.partition(" ")
    options = [option, value] if option else []
    assert main([*TRAIN, *options, "--output", str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    accuracy = pd.read_csv(folder / "results.csv").set_index("tasks")["accuracy"]
    assert accuracy["seen"] > 0.8
    assert accuracy["unseen"] < 0.4


@pytest.mark.parametrize("name", ["merging", "distraction", "bending", "noise", "label_noise"])
def test_every_widening_of_a_memorised_task_is_there_when_it_is_tested(tmp_path, name):
    """Merged classes and noise leave less to be right about; label noise is left out, since it makes labels wrong."""
    assert main([*TRAIN, "--tasks.widen", f"{{{name}: 1.0}}", "--output", str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    accuracy = pd.read_csv(folder / "results.csv").set_index("tasks")["accuracy"]
    assert accuracy["seen"] > accuracy["unseen"] + 0.3


def test_tasks_memorised_with_the_numbers_of_one_device_are_known_with_those_of_another(tmp_path, monkeypatch):
    """Another device is one that has no NumPy: its numbers are made by operations on tensors, as on a GPU."""
    config = RunConfig(
        DataConfig("digits", size=8),
        TaskConfig(num_tasks=1, length=10, widen={"spectrum": 1.0}),
        LearnerConfig("MLP", {"width": 64}),
        TrainingConfig(steps=150, batch=16, optimiser="adam", learning_rate=0.003),
        loop=LoopConfig(progress=False, validate_every=150, validation_episodes=2),
    )
    _, learner = meta_train(config, tmp_path)
    monkeypatch.setattr("gpicl.tasks.randomness._WITHOUT_NUMPY", True)
    trained, interventions = trained_tasks(config, 150)
    table = evaluate(
        learner,
        {"digits": load_features("digits", "test", size=8)},
        tasks=["seen", "unseen"],
        episodes=64,
        length=10,
        positions=[10],
        trained=trained,
        interventions=interventions,
    )
    accuracy = table.set_index("tasks")["accuracy"]
    assert accuracy["seen"] > 0.8
    assert accuracy["unseen"] < 0.4


def test_a_run_without_any_data_is_trained_tested_and_finished_before(tmp_path, capsys):
    settings = (
        "--data.dataset none --tasks.num_features 9 --tasks.num_classes 4 --tasks.widen {invention:1.0}"
        " --tasks.length 10 --learner.name MLP --training.steps 2 --training.batch 2 --testing.datasets [digits]"
        " --testing.episodes 4 --loop.progress false --loop.validate_every 2 --loop.validation_episodes 2"
    ).split()
    settings[settings.index("{invention:1.0}")] = "{invention: 1.0}"
    for expected in ("Starting", "Finished before"):
        assert main(["train", *settings, "--tasks.num_classes", "10", "--output", str(tmp_path)]) == 0
        assert expected in capsys.readouterr().err
    (folder,) = tmp_path.iterdir()
    assert (folder / "report.html").exists()


def test_tasks_of_data_that_have_changed_since_are_refused(tmp_path, capsys, write_patterns, quick):
    data = write_patterns(tmp_path / "patterns.npz", seed=0)
    kept = write_patterns(tmp_path / "kept.npz", seed=5)
    command = ["train", "--data.dataset", str(data), "--tasks.num_tasks", "3", *quick, "--test", "false"]
    assert main([*command, "--output", str(tmp_path / "runs")]) == 0
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    write_patterns(data, seed=1, classes=6)
    test = ["evaluate", str(folder), f"q={kept}", "--episodes", "8", "--progress", "false"]
    assert main([*test, "--tasks", "unseen"]) == 0
    capsys.readouterr()
    assert main([*test, "--tasks", "seen"]) == 2
    assert "no longer holds the data of their meta-training" in capsys.readouterr().err


@pytest.mark.parametrize(("steps", "expected"), [(0, 1.0), (10, 0.325), (40, 1.0), (90, 1.0)])
def test_interventions_are_those_of_the_last_step(steps, expected):
    config = RunConfig(
        DataConfig("digits", size=4),
        TaskConfig(num_tasks=3, permutation_probability=0.1, anneal_steps=40),
        training=TrainingConfig(steps=90),
    )
    _, interventions = trained_tasks(config, steps)
    assert interventions.permutation_probability == pytest.approx(expected)


def test_a_run_that_ended_early_is_tested_on_the_tasks_of_its_end(tmp_path, monkeypatch):
    """Half of its steps are done: its tasks permute their labels half of the time."""
    used = []
    original = TaskAugmentor.episodes

    def episodes(self, draws, kind, interventions=NO_INTERVENTION):
        if kind == "seen" and draws[0] >= FIRST_DRAW:
            used.append(interventions.permutation_probability)
        return original(self, draws, kind, interventions)

    monkeypatch.setattr(TaskAugmentor, "episodes", episodes)
    early = [*TRAIN, "--training.steps", "6", "--tasks.permutation_probability", "0.0", "--tasks.anneal_steps", "12"]
    assert main([*early, "--output", str(tmp_path)]) == 0
    assert used[-1] == 0.5
