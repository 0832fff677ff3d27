"""A learner that draws while it trains, with dropout say, is resumed to the bit, and measurements change nothing."""

import multiprocessing
import os
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gpicl.metatraining import LearnerConfig, Run, RunConfig, meta_train

KILLS = 12


@pytest.fixture
def drawing(config, monkeypatch):
    """A run of the learner beside this file."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    config.learner = LearnerConfig("drawing.Drawing", {"seed": 3})
    config.training.optimiser = "adam"
    return config


def weights(run):
    return (run.folder / "weights.safetensors").read_bytes()


def test_a_run_that_was_stopped_goes_on_with_the_same_draws(drawing, tmp_path):
    calm, _ = meta_train(drawing, tmp_path / "calm")
    for steps in (3, 5, 8):
        stopped, _ = meta_train(drawing, tmp_path / "stopped", max_steps=steps)
        assert not stopped.finished
        torch.manual_seed(steps)
        np.random.seed(steps)
        random.seed(steps)
    stopped, _ = meta_train(drawing, tmp_path / "stopped")
    assert weights(stopped) == weights(calm)


def test_measurements_and_the_log_change_nothing(drawing, tmp_path):
    seldom, _ = meta_train(drawing, tmp_path / "seldom")
    drawing.loop = replace(drawing.loop, validate_every=1, validation_episodes=7, log_every=5, checkpoint_every=2)
    often, _ = meta_train(drawing, tmp_path / "often")
    assert weights(often) == weights(seldom)


def _train_until_killed(config: RunConfig, output: str, kill_at: int) -> None:
    """Train in a process of its own, which is killed wherever it is after so many calls of functions."""
    calls = 0

    def trace(frame, event, argument):
        nonlocal calls
        calls += 1
        if calls >= kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(trace)
    meta_train(config, output)


@pytest.mark.slow
def test_a_run_that_was_killed_at_twelve_random_moments_ends_with_the_same_weights(drawing, tmp_path):
    calm, _ = meta_train(drawing, tmp_path / "calm")
    drawing.loop = replace(drawing.loop, checkpoint_every=1)
    context = multiprocessing.get_context("spawn")
    draw = random.Random(0)
    killed, run = 0, Run(drawing, tmp_path / "killed")
    while killed < KILLS:
        moment = draw.randrange(20_000, 400_000)
        process = context.Process(target=_train_until_killed, args=(drawing, str(tmp_path / "killed"), moment))
        process.start()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        if run.finished:
            assert weights(run) == weights(calm)
            run.clear()
    meta_train(drawing, tmp_path / "killed")
    assert weights(run) == weights(calm)
