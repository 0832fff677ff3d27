"""Small files of data, and the options of a run that takes a second."""

import shutil

import numpy as np
import pytest

from gpicl.cli.main import main

QUICK = (
    "--data.size 4 --tasks.length 12 --learner.options.layers 1 --learner.options.width 16 --learner.options.heads 1"
    " --learner.options.key_size 8 --training.steps 4 --training.batch 4 --training.precision fp32"
    " --testing.episodes 8 --loop.validate_every 2 --loop.validation_episodes 4 --loop.progress false"
).split()


def _write(path, seed, classes=4):
    """Save 80 images of 4x4 in some classes, each a pattern with noise."""
    random = np.random.default_rng(seed)
    patterns = random.integers(0, 200, (classes, 4, 4))
    arrays = {}
    for split in ("train", "test"):
        labels = np.arange(80) % classes
        images = patterns[labels] + random.integers(0, 50, (80, 4, 4))
        arrays |= {f"x_{split}": images.astype(np.uint8), f"y_{split}": labels}
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="session")
def write_patterns():
    """Writes a file of data: from its path, a seed and the number of classes."""
    return _write


@pytest.fixture(scope="session")
def quick():
    """Options of a run that takes a second, but for its data."""
    return QUICK


@pytest.fixture
def patterns(tmp_path):
    """A file of data."""
    return _write(tmp_path / "patterns.npz", seed=0)


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory):
    """The output folder of a run that is finished and tested on its own data. Do not change it."""
    folder = tmp_path_factory.mktemp("trained")
    patterns = _write(folder / "patterns.npz", seed=0)
    command = ["train", "--data.dataset", str(patterns), "--testing.datasets", f"[p={patterns}]", *QUICK]
    assert main([*command, "--output", str(folder / "runs")]) == 0
    return folder / "runs"


@pytest.fixture
def trained(tmp_path, patterns, trained_once):
    """A copy of the run's folder, which names the data at `patterns`."""
    output = tmp_path / "runs"
    shutil.copytree(trained_once, output)
    (folder,) = (path for path in output.iterdir() if not path.name.startswith("."))
    for path in (folder / "weights.json", folder / "results.csv"):
        path.write_text(path.read_text().replace(str(trained_once.parent / "patterns.npz"), str(patterns)))
    return folder
