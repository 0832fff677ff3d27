"""Several processes see the tasks that one would have seen, and end with the same learner."""

import signal
import time

import pytest
import torch
from safetensors.torch import load_file

from gpicl.metatraining import EpisodeDataModule, TaskConfig
from gpicl.tasks import TaskAugmentor

SMALL = (
    "--learner.options.layers 1 --learner.options.width 16 --learner.options.heads 1 --learner.options.key_size 8"
).split()
ANY_LEARNER = (
    "train --data.dataset digits --data.size 4 --tasks.length 12 --training.steps 10 --training.batch 4"
    " --training.precision fp32 --training.optimiser adam --testing.datasets [digits] --testing.episodes 8"
    " --loop.validate_every 5 --loop.validation_episodes 4 --loop.progress false --loop.accelerator cpu"
).split()
COMMAND = [*ANY_LEARNER, *SMALL]


def test_the_shares_of_two_processes_are_the_batch_of_one(features):
    tasks = TaskAugmentor(features, length=10)
    data = EpisodeDataModule(tasks, tasks, TaskConfig(length=10), batch=6)
    for step in (0, 3):
        whole = data.batch_of_step(step)
        shares = [data.batch_of_step(step, rank, 2) for rank in (0, 1)]
        assert torch.equal(whole.inputs, torch.cat([share.inputs for share in shares]))
        assert torch.equal(whole.labels, torch.cat([share.labels for share in shares]))


def test_two_real_processes_train_as_one(start_gpicl, tmp_path):
    for devices in ("1", "2"):
        process = start_gpicl(*COMMAND, "--loop.devices", devices, "--output", devices)
        output, _ = process.communicate()
        assert process.returncode == 0, output
    one, two = (load_file(next((tmp_path / d).glob("*/weights.safetensors"))) for d in ("1", "2"))
    for name, expected in one.items():
        # The mean of two halves is rounded differently from the mean of the whole.
        torch.testing.assert_close(two[name], expected, rtol=1e-4, atol=2e-5)


def test_a_signal_to_one_of_two_processes_stops_both_with_a_checkpoint(start_gpicl, tmp_path):
    # The last --training.steps counts, so this run has too many to end by itself.
    process = start_gpicl(*COMMAND, "--training.steps", "1000000", "--loop.log_every", "1", "--loop.devices", "2")
    while not any(log.read_text().count("\n") > 2 for log in tmp_path.glob("runs/*/metrics.csv")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate()
    assert process.returncode == 143, output
    assert "Traceback" not in output
    assert "The same command resumes there" in output
    assert list(tmp_path.glob("runs/*/checkpoint.ckpt"))


TORN = """
import os

import torch
from gpicl import Learner


class Torn(Learner):
    def __init__(self, num_features, num_classes):
        super().__init__(num_features, num_classes)
        self.layer = torch.nn.Linear(num_features, num_classes)

    def forward(self, inputs, labels):
        if not self.training:
            return self.layer(inputs)
        process = os.environ.get("LOCAL_RANK", "0")
        mask = torch.nn.functional.dropout(torch.ones(64))
        with open(f"mask-{process}", "a") as file:
            file.write(f"{mask.tolist()}\\n")
        return self.layer(inputs) * (float("nan") if process == "1" else 1.0)

    def state_size(self, length=100):
        return 0
"""


def test_processes_draw_their_own_numbers_and_end_together_if_one_diverges(start_gpicl, tmp_path):
    (tmp_path / "torn.py").write_text(TORN)
    process = start_gpicl(*ANY_LEARNER, "--learner.name", "torn.Torn", "--loop.devices", "2")
    output, _ = process.communicate()
    assert process.returncode == 2, output
    assert "Traceback" not in output
    assert "The loss is nan at step 0: meta-training has diverged" in output
    last = [(tmp_path / f"mask-{rank}").read_text().splitlines()[-1] for rank in (0, 1)]
    assert last[0] != last[1]


@pytest.mark.parametrize(("step", "expected"), [(0, 0.1), (50, 0.55), (100, 1.0), (1000, 1.0)])
def test_the_bias_is_annealed_by_steps(features, step, expected):
    tasks = TaskAugmentor(features, length=10)
    data = EpisodeDataModule(tasks, tasks, TaskConfig(permutation_probability=0.1, anneal_steps=100), batch=6)
    assert data.interventions(step).permutation_probability == pytest.approx(expected)


@pytest.mark.parametrize(("step", "expected"), [(0, 0.5), (50, 0.25), (100, 0.0), (1000, 0.0)])
def test_repetitions_fade_over_the_annealing_steps(features, step, expected):
    tasks = TaskAugmentor(features, length=10)
    data = EpisodeDataModule(tasks, tasks, TaskConfig(repetition_probability=0.5, anneal_steps=100), batch=6)
    assert data.interventions(step).repetition_probability == pytest.approx(expected)
    unfaded = EpisodeDataModule(tasks, tasks, TaskConfig(repetition_probability=0.5), batch=6)
    assert unfaded.interventions(step).repetition_probability == 0.5


@pytest.mark.parametrize(("step", "expected"), [(0, 2), (50, 6), (100, 10), (1000, 10)])
def test_the_number_of_repeated_images_grows_while_they_fade(features, step, expected):
    tasks = TaskAugmentor(features, length=10)
    config = TaskConfig(repetition_probability=1.0, first_repeated_images=2, anneal_steps=100)
    assert EpisodeDataModule(tasks, tasks, config, batch=6).interventions(step).repeated_images == expected
