"""A run can be killed at any moment, and the same command ends with the same weights."""

import signal

import pandas as pd
import pytest
import torch
from lightning import Callback

from gpicl.errors import CheckpointError, Terminated
from gpicl.metatraining import Run, RunConfig, meta_train

COMMAND = (
    "train --data.dataset digits --data.size 4 --tasks.length 12 --learner.options.layers 1 --learner.options.width 16"
    " --learner.options.heads 1 --learner.options.key_size 8 --training.steps 100 --training.batch 4"
    " --training.warmup 2 --testing.datasets [digits] --testing.episodes 8 --loop.checkpoint_every 10"
    " --loop.validate_every 50 --loop.validation_episodes 4 --loop.log_every 1 --loop.progress false"
).split()


KILLER = """
import os, signal
from lightning import Callback

class Killer(Callback):
    def on_before_backward(self, trainer, *arguments):
        if str(trainer.global_step) == os.environ.get("KILLED_AT"):
            os.kill(os.getpid(), signal.SIGKILL)
"""


def finish(process):
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return output


def test_a_run_that_was_killed_twice_ends_with_the_weights_of_one_that_was_not(start_gpicl, tmp_path, monkeypatch):
    """It kills itself in the middle of a step: from outside, a busy machine would do it too late."""
    (tmp_path / "killer.py").write_text(KILLER)
    command = [*COMMAND, "--training.callbacks", "[{name: killer.Killer}]"]
    finish(start_gpicl(*command, "--output", "calm"))
    for step in (25, 57):
        monkeypatch.setenv("KILLED_AT", str(step))
        process = start_gpicl(*command, "--output", "killed")
        output, _ = process.communicate()
        assert process.returncode == -signal.SIGKILL, output
        assert not list((tmp_path / "killed").glob("*/weights.json")), "killed before its end"
        assert list((tmp_path / "killed").glob("*/checkpoint.ckpt"))
    monkeypatch.delenv("KILLED_AT")
    output = finish(start_gpicl(*command, "--output", "killed"))
    assert "Resuming" in output
    (calm,), (killed,) = (list((tmp_path / name).iterdir()) for name in ("calm", "killed"))
    assert calm.name == killed.name
    assert (calm / "weights.safetensors").read_bytes() == (killed / "weights.safetensors").read_bytes()
    logs = [pd.read_csv(folder / "metrics.csv").drop(columns="seconds") for folder in (calm, killed)]
    pd.testing.assert_frame_equal(*logs)
    assert logs[0]["step"].tolist() == list(range(1, 101))
    assert (calm / "results.csv").read_bytes() == (killed / "results.csv").read_bytes()


def test_a_finished_run_is_not_run_again(config, tmp_path):
    run, learner = meta_train(config, tmp_path)
    written = (run.folder / "weights.safetensors").stat().st_mtime_ns
    again, same = meta_train(config, tmp_path)
    assert (again.folder / "weights.safetensors").stat().st_mtime_ns == written
    for before, after in zip(learner.parameters(), same.parameters(), strict=True):
        assert before.equal(after)


@pytest.mark.parametrize(
    ("part", "setting", "value", "same_run"),
    [
        ("training", "seed", 1, False),
        ("training", "steps", 13, False),
        ("tasks", "length", 13, False),
        ("tasks", "widen", {"noise": 0.2}, False),
        ("tasks", "fewest_classes", 2, False),
        ("data", "size", 5, False),
        ("loop", "checkpoint_every", 7, True),
        ("testing", "episodes", 9, True),
    ],
)
def test_a_run_is_named_by_what_decides_its_weights(config, tmp_path, part, setting, value, same_run):
    before = Run(config, tmp_path).folder
    setattr(getattr(config, part), setting, value)
    assert (Run(config, tmp_path).folder == before) == same_run


def test_the_name_of_the_default_run_is_that_of_earlier_versions():
    """A name is the hash of what differs from the defaults, so a new setting changes no name."""
    assert Run(RunConfig(), "runs").folder.name == "ValueTransformer-mnist_5k-4b56beeb24"


class Stops(Callback):
    """Sends this process SIGTERM when six steps are done."""

    def on_train_batch_end(self, trainer, *arguments):
        if trainer.global_step == 6:
            signal.raise_signal(signal.SIGTERM)


@pytest.fixture
def stopped(config, tmp_path):
    """A run that was stopped after six of its twelve steps."""
    with pytest.raises(Terminated):
        meta_train(config, tmp_path, callbacks=[Stops()])
    return Run(config, tmp_path)


def flip_a_byte(path):
    """Damage a weight in the middle of the file, which changes its value and nothing else."""
    content = bytearray(path.read_bytes())
    weight = next(iter(torch.load(path, weights_only=True)["state_dict"].values()))
    place = content.index(weight.numpy().tobytes())
    content[place] ^= 1
    path.write_bytes(content)


def leave_out_the_optimiser(path):
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint["optimizer_states"]
    torch.save(checkpoint, path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [(flip_a_byte, "the checksum of .* is wrong"), (leave_out_the_optimiser, "it lacks optimizer_states")],
)
def test_a_damaged_checkpoint_is_refused(config, tmp_path, stopped, damage, message):
    damage(stopped.checkpoint)
    with pytest.raises(CheckpointError, match=f"is damaged.*{message}.*Delete"):
        meta_train(config, tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.partition("\n")[2].encode(),  # no header
        lambda text: text.replace("\n2,", "\ntwo,").encode(),
        lambda text: text.encode() + b"\xff\xfe\x00",
        lambda text: text.replace("\n2,", "\n2,1,").encode(),
    ],
)
def test_a_damaged_log_is_refused_and_can_be_deleted(config, tmp_path, stopped, damage):
    stopped.log.write_bytes(damage(stopped.log.read_text()))
    with pytest.raises(CheckpointError, match=r"The log .* is damaged .*begins at step 6"):
        meta_train(config, tmp_path)
    stopped.log.unlink()
    meta_train(config, tmp_path)
    assert pd.read_csv(stopped.log)["step"].tolist() == list(range(7, 13))
