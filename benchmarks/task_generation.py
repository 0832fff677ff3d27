"""How many episodes a second are made: `python benchmarks/task_generation.py`."""

import statistics
import time

import numpy as np
import torch

from gpicl.data import ImageDataset, preprocess
from gpicl.tasks import TaskAugmentor

BATCH, REPEATS = 64, 9


def main() -> None:
    """Time batches of 64 episodes of 100 examples at several sizes; print medians."""
    random = np.random.default_rng(0)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}, episodes of 100, batches of {BATCH}")
    for size, channels in ((14, 1), (28, 1), (32, 3)):
        pixels = random.integers(0, 256, (2000, size, size, channels), dtype=np.uint8)
        dataset = preprocess(ImageDataset.from_arrays(pixels, random.integers(0, 10, 2000)), size, channels)
        for name, num_tasks in (("unlimited", None), ("2^16", 2**16)):
            if num_tasks is not None and channels == 3:
                continue  # a matrix of 3072 x 3072 per episode: minutes, and no use
            tasks = TaskAugmentor(dataset, num_tasks=num_tasks)
            seconds = []
            for i in range(REPEATS):
                started = time.perf_counter()
                tasks.episodes(range(i * BATCH, (i + 1) * BATCH))
                seconds.append(time.perf_counter() - started)
            median = statistics.median(seconds[1:])
            print(
                f"{size}x{size}x{channels}  {name:>9} tasks  {BATCH / median:8,.0f} episodes/s  {1e3 * median:7.1f} ms"
            )


if __name__ == "__main__":
    main()
