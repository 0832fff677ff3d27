"""Seen tasks of a meta-test are those that the run was trained on, whatever its tasks were."""

import pandas as pd
import pytest

from gpicl.cli.main import main

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
