"""How large the comparison is."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from gpicl.errors import UnknownNameError
from gpicl.metatraining import RunConfig

_MNIST_AND_OTHERS = ("mnist", "fashion_mnist", "kmnist", "cifar10", "random")


class Scale(NamedTuple):
    """What a scale changes of the learners' presets.

    Attributes:
        resize: From a preset to the run of this scale.
        data: Data set to meta-train on.
        datasets: Data sets to meta-test on.
        episodes: Episodes per data set.
        seeds: Runs per learner; None for each learner's own number.
        positions: Where the classical learners are fitted.
    """

    resize: Callable[[RunConfig], RunConfig]
    data: str
    datasets: tuple[str, ...]
    episodes: int
    seeds: int | None
    positions: tuple[int, ...] = (2, 6, 11, 21, 51, 100)


def find_scale(name: str) -> Scale:
    """Find a scale by its name.

    Raises:
        UnknownNameError: If there is none of that name.
    """
    if name not in SCALES:
        raise UnknownNameError("scale", name, SCALES)
    return SCALES[name]


def _to_smoke(config: RunConfig) -> RunConfig:
    """Large enough to run every line, and no larger; what is meta-tested on shorter episodes still is."""
    shorter = config.testing.length is not None
    return replace(
        config,
        data=replace(config.data, size=3),
        tasks=replace(config.tasks, length=14 if shorter else 12, num_features=None),
        testing=replace(config.testing, num_features=None, length=12 if shorter else None, positions=None),
        training=replace(config.training, steps=2, minutes=None, batch=2),
        loop=replace(config.loop, validation_episodes=2),
    )


def _to_paper(config: RunConfig) -> RunConfig:
    """Change to the published images, number of tasks and steps; the rest is the preset's, as the paper leaves it open.

    Task batches are those of the table of architectures: 8 for VSML, 128 for other recurrences, 4,096 for Transformers.
    """
    batches = {"VSML": 8, "TokenTransformer": 4096, "ValueTransformer": 4096}
    batches |= {"KernelTransformer": 4096, "KernelSetTransformer": 4096}
    return replace(
        config,
        data=replace(config.data, size=32, channels=3),
        tasks=replace(config.tasks, num_tasks=2**24, num_features=None),
        testing=replace(config.testing, num_features=None),
        training=replace(config.training, steps=50_000, minutes=None, batch=batches.get(config.learner.name, 128)),
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
    "paper": Scale(
        _to_paper,
        data="mnist",
        datasets=(*_MNIST_AND_OTHERS[:-1], "svhn", "random"),
        episodes=4096,
        seeds=3,
    ),
}
