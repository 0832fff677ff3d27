"""A process that is asked to end does so between two steps, with a checkpoint, and says how to go on."""

import os
import signal
import threading
import time
from dataclasses import replace

import pandas as pd
import pytest
from lightning import Callback

from gpicl.errors import Terminated
from gpicl.metatraining import Run, meta_train

COMMAND = (
    "train --data.dataset digits --data.size 4 --tasks.length 12 --learner.options.layers 1 --learner.options.width 16"
    " --learner.options.heads 1 --learner.options.key_size 8 --training.steps 100000 --training.batch 4"
    " --testing.datasets [digits] --testing.episodes 8 --loop.checkpoint_every 100000 --loop.log_every 1"
    " --loop.progress false --output runs"
).split()


class Signals(Callback):
    """Sends this process a signal in the middle of a step."""

    def __init__(self, number: int, step: int) -> None:
        self.number, self.step = number, step

    def on_before_backward(self, trainer, *arguments) -> None:
        if trainer.global_step == self.step:
            os.kill(os.getpid(), self.number)


class SignalAfter(Callback):
    """Sends this process a signal when a step is done; a captured step has no callbacks within it."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, trainer, *arguments) -> None:
        if trainer.global_step == self.step:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(("number", "error"), [(signal.SIGTERM, Terminated), (signal.SIGINT, KeyboardInterrupt)])
def test_a_signal_writes_a_checkpoint_and_the_run_ends_with_the_weights_of_one_that_had_none(
    config, tmp_path, number, error
):
    calm, _ = meta_train(config, tmp_path / "calm")
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    with pytest.raises(error) as stopped:
        meta_train(config, tmp_path / "stopped", callbacks=[Signals(number, 6)])
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before
    message = getattr(stopped.value, "message", str(stopped.value))
    assert "stopped at step 7" in message
    assert "The same command resumes there" in message
    run = Run(config, tmp_path / "stopped")
    assert run.checkpoint.exists()
    assert not run.finished
    said = []
    meta_train(config, tmp_path / "stopped", said.append)
    assert "Resuming at step 7" in said[0]
    assert (run.folder / "weights.safetensors").read_bytes() == (calm.folder / "weights.safetensors").read_bytes()


@pytest.mark.parametrize("capture", [False, True])
def test_a_run_that_resumes_at_a_validated_step_has_the_log_of_one_that_did_not_stop(config, tmp_path, capture):
    loop = replace(config.loop, checkpoint_every=4, validate_every=4, log_every=2, capture=capture)
    config = replace(config, loop=loop)
    calm, _ = meta_train(config, tmp_path / "calm")
    with pytest.raises(Terminated) as stopped:
        meta_train(config, tmp_path / "stopped", callbacks=[SignalAfter(4)])
    assert "stopped at step 4" in stopped.value.message
    again, _ = meta_train(config, tmp_path / "stopped")
    logs = [pd.read_csv(run.log).drop(columns="seconds") for run in (calm, again)]
    pd.testing.assert_frame_equal(*logs)
    assert logs[0]["loss"].notna().all()


def test_a_signal_in_the_last_step_ends_the_command_after_the_weights_are_saved(config, tmp_path):
    with pytest.raises(Terminated) as stopped:
        meta_train(config, tmp_path, callbacks=[Signals(signal.SIGTERM, 11)])
    assert "stopped after the last step, 12" in stopped.value.message
    run = Run(config, tmp_path)
    assert run.finished
    assert not run.checkpoint.exists()


def test_training_in_a_thread_leaves_signals_alone(config, tmp_path):
    before, outcome = signal.getsignal(signal.SIGTERM), []
    thread = threading.Thread(target=lambda: outcome.append(meta_train(config, tmp_path)[0].finished))
    thread.start()
    thread.join()
    assert outcome == [True]
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_command_exits_with_the_signals_status_and_one_line(start_gpicl, tmp_path, number, status):
    process = start_gpicl(*COMMAND)
    while not rows_logged(tmp_path) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(number)
    output, _ = process.communicate()
    assert process.returncode == status, output
    assert "Traceback" not in output
    (line,) = (line for line in output.splitlines() if line.startswith("gpicl: "))
    assert "The same command resumes there" in line
    assert list(tmp_path.glob("runs/*/checkpoint.ckpt"))


def rows_logged(folder):
    return sum(path.read_text().count("\n") > 2 for path in folder.glob("runs/*/metrics.csv"))
