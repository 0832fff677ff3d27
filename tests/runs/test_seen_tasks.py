"""Seen tasks of a meta-test are those that the run was trained on, whatever its tasks were."""

import pandas as pd
import pytest

from gpicl.cli.main import main
from gpicl.data import load_features
from gpicl.metatesting import evaluate
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
    trained, interventions = trained_tasks(config)
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
    dials = (
        "--data.dataset none --tasks.num_features 9 --tasks.num_classes 4 --tasks.widen {invention:1.0}"
        " --tasks.length 10 --learner.name MLP --training.steps 2 --training.batch 2 --testing.datasets [digits]"
        " --testing.episodes 4 --loop.progress false --loop.validate_every 2 --loop.validation_episodes 2"
    ).split()
    dials[dials.index("{invention:1.0}")] = "{invention: 1.0}"
    for expected in ("Starting", "Finished before"):
        assert main(["train", *dials, "--tasks.num_classes", "10", "--output", str(tmp_path)]) == 0
        assert expected in capsys.readouterr().err
    (folder,) = tmp_path.iterdir()
    assert (folder / "report.html").exists()
