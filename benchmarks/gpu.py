"""Check that a GPU makes the same tasks as the CPU: `python benchmarks/gpu.py [agreement|seen ...] [--data FILE]`.

agreement: compare the same episodes on CPU and GPU. seen: memorise tasks on the GPU and measure accuracy on both
devices. Images are random unless an archive (.npz) is given. For speed, use `gpicl bench --device cuda`.
"""

import argparse
import csv
import tempfile
import warnings

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


def main() -> None:
    """Run the named parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["agreement", "seen"])
    parser.add_argument("--data", help="name or path of a data set to use instead of random images")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        parser.error("PyTorch sees no GPU here; this script compares a GPU with the CPU")
    warnings.simplefilter("ignore")
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name(0)}", flush=True)
    for part in options.parts:
        {"agreement": agreement, "seen": seen}[part](options.data)


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


def seen(data: str | None) -> None:
    """Memorise 64 tasks on the GPU, and test on both devices."""
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


if __name__ == "__main__":
    main()
