"""Time per episode on a GPU, measured by a short run."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from gpicl.metatraining import LoopConfig, RunConfig, meta_train
from gpicl.metatraining.build import build_features, build_tasks
from gpicl.metatraining.csv_log import read_log
from gpicl.metatraining.placement import accelerator_of

# Steps of the short run. The first half is not timed: it creates the optimiser's state and captures the step.
_STEPS, _LOGGED = 120, 10
_TESTED = 128
_IMAGES = 512


def timed_run(config: RunConfig, device: torch.device) -> tuple[float, float]:
    """Time a few steps of a run as in `gpicl train`, including tasks, loop and logging, and a meta-test of the result.

    Args:
        config: The run. Random images of its size replace its data set.
        device: Device to run on.

    Returns:
        Seconds per episode in meta-training (0 for a learner with nothing to meta-train) and in meta-testing.
    """
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images.npz"
        _random_images(config, images)
        loop = LoopConfig(
            accelerator=accelerator_of(device),
            checkpoint_every=10 * _STEPS,
            validate_every=10 * _STEPS,
            log_every=_LOGGED,
            progress=False,
            capture=config.loop.capture,
        )
        short = replace(
            config,
            data=replace(config.data, dataset=str(images), root=None),
            training=replace(config.training, steps=_STEPS, minutes=None, patience=None, best=False),
            loop=loop,
            init=None,
        )
        run, learner = meta_train(short, folder)
        training = 0.0
        if run.log.exists() and learner.num_parameters:
            log = read_log(run.log).dropna(subset=["loss"])
            half = log[log["step"] >= _STEPS // 2]
            seconds = float(half["seconds"].iloc[-1] - half["seconds"].iloc[0])
            training = seconds / float(half["step"].iloc[-1] - half["step"].iloc[0]) / config.training.batch
        _, held_out = build_tasks(short, build_features(short.data, "train"))
        held_out.device = device
        learner = learner.to(device).eval()
        positions, times = short.testing.positions_of(short.test_length), []
        for _ in range(2):
            _wait(device)
            started = time.perf_counter()
            inputs, labels = held_out.episodes(range(_TESTED), "unseen")
            length = short.test_length
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                learner.predict(inputs[:, :length], labels[:, :length], positions)
            _wait(device)
            times.append((time.perf_counter() - started) / _TESTED)
    return training, min(times)


def _random_images(config: RunConfig, path: Path) -> None:
    side, channels = config.data.size or 28, config.data.channels or 1
    shape = (_IMAGES, side, side, channels) if channels > 1 else (_IMAGES, side, side)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.savez(path, x=pixels, y=np.arange(_IMAGES) % 10)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
