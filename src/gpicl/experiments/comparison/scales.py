"""Scales of the comparison: smoke, laptop, gpu."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from gpicl.errors import UnknownNameError
from gpicl.metatraining import RunConfig

_MNIST_AND_OTHERS = ("mnist", "fashion_mnist", "kmnist", "cifar10", "random")


class Fitted(NamedTuple):
    """What a scale measures of classical learners, which are fitted at every position of every episode.

    Attributes:
        episodes: Episodes per data set.
        seeds: Runs per learner.
        left_out: Learners that take too long with so many features.
    """

    episodes: int
    seeds: int
    left_out: tuple[str, ...]


class Scale(NamedTuple):
    """What a scale changes in the learners' presets.

    Attributes:
        resize: Turns a preset into the run of this scale.
        data: Data set to meta-train on.
        datasets: Data sets to meta-test on.
        episodes: Episodes per data set.
        seeds: Runs per learner; None for the number of each entry.
        positions: Positions (from 1) at which classical learners are fitted.
        classical: Episodes and seeds of classical learners; None for those of the others.
    """

    resize: Callable[[RunConfig], RunConfig]
    data: str
    datasets: tuple[str, ...]
    episodes: int
    seeds: int | None
    positions: tuple[int, ...] = (2, 6, 11, 21, 51, 100)
    classical: Fitted | None = None


def find_scale(name: str) -> Scale:
    """Find a scale by its name.

    Raises:
        UnknownNameError: If `name` is not in `SCALES`.
    """
    if name not in SCALES:
        raise UnknownNameError("scale", name, SCALES)
    return SCALES[name]


def _to_smoke(config: RunConfig) -> RunConfig:
    """Large enough to run every line, and no larger; a shorter meta-test stays shorter."""
    shorter = config.testing.length is not None
    return replace(
        config,
        data=replace(config.data, size=3),
        tasks=replace(config.tasks, length=14 if shorter else 12, num_features=None),
        testing=replace(config.testing, num_features=None, length=12 if shorter else None, positions=None),
        training=replace(config.training, steps=2, minutes=None, batch=2),
        loop=replace(config.loop, validation_episodes=2),
    )


# Task batch and steps at the published size; each run takes a few minutes on one H100. The paper has batches of 4,096
# for Transformers, 128 for recurrences and 8 for VSML, and 50,000 steps, which takes hours per learner.
_ON_GPU = {
    "TokenTransformer": (512, 12_000),
    "ValueTransformer": (512, 9_000),
    "KernelTransformer": (128, 12_000),
    "KernelSetTransformer": (128, 6_000),
    "LSTM": (128, 40_000),
    "FastWeightMemory": (128, 40_000),
    "OuterProductLSTM": (128, 8_000),
    "VSML": (8, 4_000),
    "VSMLWithoutSymmetries": (64, 5_000),
    "MAML": (16, 4_000),
}


def _to_gpu(config: RunConfig) -> RunConfig:
    """Use the published images, and batch and steps for a GPU; keep the rest of the preset.

    A learner that reads any number of features is meta-trained on the number of its preset and tested on all.
    """
    batch, steps = _ON_GPU.get(config.learner.name, (128, 10_000))
    narrow = config.testing.num_features is not None
    return replace(
        config,
        data=replace(config.data, size=32, channels=3),
        tasks=replace(config.tasks, num_tasks=None, num_features=config.tasks.num_features if narrow else None),
        testing=replace(config.testing, num_features=3072 if narrow else None),
        training=replace(config.training, steps=steps, minutes=None, batch=batch),
        loop=replace(config.loop, checkpoint_every=2000, validate_every=2000),
    )


SCALES = {
    "smoke": Scale(
        _to_smoke,
        data="mnist_5k",
        datasets=("mnist_5k", "random"),
        episodes=4,
        seeds=1,
        positions=(2, 12),
    ),
    "laptop": Scale(
        lambda config: config,
        data="mnist",
        datasets=_MNIST_AND_OTHERS,
        episodes=1024,
        seeds=None,
    ),
    "gpu": Scale(
        _to_gpu,
        data="mnist",
        datasets=(*_MNIST_AND_OTHERS[:-1], "svhn", "random"),
        episodes=4096,
        seeds=3,
        classical=Fitted(episodes=512, seeds=1, left_out=("ShrinkageLDA",)),
    ),
}
