"""Making tasks."""

from itertools import count

import numpy as np

from gpicl.bench.entries import Entry, measure_entries
from gpicl.bench.limits import Demand
from gpicl.bench.setting import Measured, Setting
from gpicl.bench.timing import Progress, Sampler, timed
from gpicl.data import FeatureDataset, ImageDataset, preprocess
from gpicl.tasks import TaskAugmentor

_IMAGES = 2000
_FINITE = 2**16
# A task of a finite number draws a matrix of N x N normals. Where that is this many, a few episodes have to do.
_LARGE = 2**22
_FEW = 4


def measure(setting: Setting, on_progress: Progress) -> Measured:
    """Time batches of episodes at several sizes, of unlimited and of finitely many tasks."""
    scale = setting.scale
    entries = []
    for size, channels in scale.images:
        dataset = random_images(size, channels)
        for name, num_tasks in (("unlimited", None), ("2^16 tasks", _FINITE)):
            tasks = TaskAugmentor(dataset, num_tasks=num_tasks, length=scale.length)
            large = num_tasks is not None and tasks.num_features**2 > _LARGE
            batch = min(_FEW, scale.batch) if large else scale.batch
            entries.append(
                Entry(
                    f"{size}x{size}x{channels}, {name}",
                    making(tasks, batch),
                    batch_demand(tasks, batch),
                    batch,
                    "episodes",
                )
            )
    figures, _ = measure_entries("tasks", entries, setting, on_progress)
    return Measured(figures, [])


def random_images(size: int, channels: int) -> FeatureDataset:
    """Make images of noise in ten classes.

    Args:
        size: Height and width.
        channels: 1 or 3.
    """
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (_IMAGES, size, size, channels), dtype=np.uint8)
    labels = np.arange(_IMAGES) % 10
    return preprocess(ImageDataset.from_arrays(pixels, labels), size, channels)


def making(tasks: TaskAugmentor, batch: int) -> Sampler:
    """Make a sampler of the seconds of a batch, other draws every time.

    Args:
        tasks: The tasks.
        batch: Episodes.
    """
    firsts = count(0, batch)
    return timed(lambda: tasks.episodes(range(first := next(firsts), first + batch)))


def batch_demand(tasks: TaskAugmentor, batch: int) -> Demand:
    """Say what a batch needs at least: normals, products, and a way from and to memory.

    Args:
        tasks: The tasks.
        batch: Episodes.
    """
    T, N, F = tasks.length, tasks.num_inputs, tasks.num_features
    traffic = batch * T * (N + 4 * F)
    if tasks.num_tasks is not None or T >= N:
        return Demand({"fp32": batch * 2 * T * N * F}, batch * N * F, traffic)
    # Half of a symmetric Gram matrix; a triangular factor; its product with the normals.
    single, double = T * T * F, T**3 / 3
    if tasks.widen.get("spectrum"):  # of components, which are looked up, and no longer whole numbers
        double += T * T * N
        traffic += batch * T * 3 * N
    else:
        single += T * T * N
    return Demand({"fp32": batch * single, "fp64": batch * double}, batch * T * F, traffic)
