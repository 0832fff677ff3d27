"""What a GPU does with tasks and steps: `python benchmarks/gpu.py [tasks|agreement|steps|seen ...] [--data FILE]`.

tasks: milliseconds of a batch of episodes, one operation at a time and as a CUDA graph. agreement: the same episodes on
CPU and GPU. steps: milliseconds of a step of `meta_train`, tasks, loop and logging included. seen: accuracy on tasks
that were memorised on the GPU, tested on both devices. Images are random unless an archive (.npz) is given.
"""

import argparse
import csv
import tempfile
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch

from gpicl.data import FeatureDataset, ImageDataset, load_features, preprocess
from gpicl.metatesting import evaluate
from gpicl.metatraining import DataConfig, LearnerConfig, LoopConfig, RunConfig, TaskConfig, TrainingConfig, meta_train
from gpicl.metatraining.build import trained_tasks
from gpicl.tasks import Interventions, TaskAugmentor

WIDE = {
    "merging": 0.3,
    "spectrum": 0.6,
    "invention": 0.35,
    "distraction": 0.2,
    "bending": 0.2,
    "noise": 0.2,
    "label_noise": 0.15,
}
PAPER = {"layers": 4, "width": 256, "heads": 8, "key_size": 32}
FLAGSHIP = {"layers": 4, "width": 96, "class_width": 32, "heads": 8, "queries": 40}
BATCHES: list[tuple[int, int, int, dict[str, Any]]] = [
    (14, 1, 64, {}),
    (14, 1, 1024, {}),
    (14, 1, 4096, {}),
    (28, 1, 1024, {}),
    (32, 3, 512, {}),
    (14, 1, 1024, {"num_tasks": 2**16}),
    (14, 1, 128, {"length": 140, "widen": WIDE}),
]
STEPS: list[tuple[str, int, dict[str, Any], dict[str, Any], int]] = [
    ("TokenTransformer", 64, {"layers": 4, "width": 128}, {}, 1500),
    ("TokenTransformer", 64, PAPER, {}, 1500),
    ("TokenTransformer", 512, PAPER, {"size": 32, "channels": 3}, 300),
    ("TokenTransformer", 4096, PAPER, {}, 150),
    ("ValueTransformer", 64, {}, {"optimiser": "muon"}, 1500),
    ("KernelTransformer", 64, {}, {"optimiser": "muon"}, 800),
    ("KernelSetTransformer", 128, FLAGSHIP, {"optimiser": "muon", "length": 140, "widen": WIDE}, 300),
    ("LSTM", 64, {}, {}, 1000),
    ("OuterProductLSTM", 64, {}, {}, 400),
    ("VSML", 8, {}, {}, 200),
    ("VSMLWithoutSymmetries", 64, {}, {}, 200),
    ("FastWeightMemory", 64, {}, {}, 1000),
    ("MAML", 16, {}, {}, 200),
]


def main() -> None:
    """Measure the named parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["tasks", "agreement", "steps", "seen"])
    parser.add_argument("--data", help="name or path of a data set in place of random images")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        parser.error("PyTorch sees no CUDA device here; this script measures one")
    warnings.simplefilter("ignore")
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name(0)}", flush=True)
    for part in options.parts:
        {"tasks": tasks, "agreement": agreement, "steps": steps, "seen": seen}[part](options.data)


def tasks(data: str | None) -> None:
    """Time batches of episodes."""
    for size, channels, batch, options in BATCHES:
        source = TaskAugmentor(_images(data, size, channels), device="cuda", **options)
        draws = torch.arange(batch, device="cuda")
        eager = _milliseconds(lambda source=source, draws=draws: source.episodes(draws))
        graph = _captured(lambda source=source, draws=draws: source.episodes(draws))
        name = ", ".join(key for key in options) or "unlimited tasks"
        print(f"{size}x{size}x{channels} B={batch:5} {name:24} {eager:8.2f} ms, graph {_milliseconds(graph):6.2f} ms")


def agreement(data: str | None) -> None:
    """Compare the episodes of both devices."""
    features = _images(data, 14, 1)
    for options in ({}, {"num_tasks": 64}, {"widen": WIDE}, {"num_tasks": 64, "widen": WIDE}):
        here, there = (TaskAugmentor(features, device=device, **options) for device in ("cpu", "cuda"))
        for kind in ("seen", "unseen"):
            biased = Interventions(0.1, 0.5) if kind == "seen" else Interventions()
            (x, y), (u, v) = (source.episodes(range(300), kind, biased) for source in (here, there))
            scale = x.square().mean((1, 2), keepdim=True).sqrt()
            furthest = ((x - u.cpu()).abs() / scale).max().item()
            print(f"{list(options)} {kind}: labels equal {torch.equal(y, v.cpu())}, inputs within {furthest:.1e}")


def steps(data: str | None) -> None:
    """Time the steps of a run, in its second half."""
    for name, batch, learner, others, count in STEPS:
        known = {key: others[key] for key in ("size", "channels") if key in others}
        config = RunConfig(
            DataConfig(data or "mnist_5k", **known),
            TaskConfig(**{key: others[key] for key in ("length", "widen") if key in others}),
            LearnerConfig(name, learner),
            TrainingConfig(steps=count, batch=batch, optimiser=others.get("optimiser", "adam")),
            loop=_quiet(),
        )
        with tempfile.TemporaryDirectory() as folder:
            run, _ = meta_train(config, folder)
            rows = [row for row in csv.DictReader(run.log.open()) if row["seconds"]]
        first, last = rows[len(rows) // 2], rows[-1]
        seconds, taken = float(last["seconds"]) - float(first["seconds"]), int(last["step"]) - int(first["step"])
        print(f"{name:22} B={batch:5} {1e3 * seconds / taken:7.2f} ms a step", flush=True)
        torch.cuda.empty_cache()


def seen(data: str | None) -> None:
    """Memorise 64 tasks, and test them on both devices."""
    for widen in ({}, {"spectrum": 0.5}):
        config = RunConfig(
            DataConfig(data or "mnist_5k"),
            TaskConfig(num_tasks=64, widen=widen),
            LearnerConfig("TokenTransformer", PAPER),
            TrainingConfig(steps=10_000, batch=64),
            loop=_quiet(),
        )
        with tempfile.TemporaryDirectory() as folder:
            run, learner = meta_train(config, folder)
            loss = [row["loss"] for row in csv.DictReader(run.log.open()) if row["loss"]][-1]
        trained, interventions = trained_tasks(config)
        for split in ("train", "test"):
            features = load_features(config.data.dataset, split)
            for device, episodes in (("cuda", 4096), ("cpu", 256)):
                table = evaluate(
                    learner.to(device),
                    {"it": features},
                    tasks=["seen", "unseen"],
                    episodes=episodes,
                    positions=[100],
                    precision="fp32",
                    trained=trained,
                    interventions=interventions,
                )
                found = ", ".join(f"{row.tasks} {row.accuracy:.1%}" for row in table.itertuples())
                print(f"64 tasks, widened {widen}, loss {loss}: {split} images on {device}: {found}", flush=True)


def _quiet() -> LoopConfig:
    return LoopConfig(progress=False, log_every=50, validate_every=10**6, checkpoint_every=10**6)


def _images(data: str | None, size: int, channels: int) -> FeatureDataset:
    if data is not None:
        return load_features(data, "train", None, size, channels)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (4000, size, size, channels), dtype=np.uint8)
    return preprocess(ImageDataset.from_arrays(pixels, np.arange(4000) % 10), size, channels)


def _captured(work: Callable[[], object]) -> Callable[[], object]:
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def _milliseconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(18):
        torch.cuda.synchronize()
        started = time.perf_counter()
        work()
        torch.cuda.synchronize()
        taken.append(1e3 * (time.perf_counter() - started))
    return median(taken[3:])


if __name__ == "__main__":
    main()
