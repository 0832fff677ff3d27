"""Small data sets that tests share, and the real command."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from gpicl.data import FeatureDataset, ImageDataset, preprocess

# A loaded machine is slow, which is no fault of what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Fixtures that take long and are made once. With xdist, all tests that use one go to the same process.
SHARED = (
    "server",
    "site",
    "grid",
    "trained_once",
    "reproduced",
    "compared",
    "bench_results",
    "command_run",
    "plateau_run",
)


# First, because xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            for name in SHARED:
                if name in item.fixturenames:
                    item.add_marker(pytest.mark.xdist_group(name))


@pytest.fixture(autouse=True)
def same_terminal(monkeypatch):
    """Rich reads both, and would break lines elsewhere or add colours."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="session")
def images() -> ImageDataset:
    """300 images of 6x6 in 4 classes, each a pattern of its own with noise, so that there is something to learn."""
    random = np.random.default_rng(0)
    patterns = random.integers(0, 200, (4, 6, 6, 1))
    labels = random.integers(0, 4, 300)
    pixels = patterns[labels] + random.integers(0, 56, (300, 6, 6, 1))
    return ImageDataset.from_arrays(pixels.astype(np.uint8), labels, name="patterns")


@pytest.fixture(scope="session")
def features(images) -> FeatureDataset:
    """The same, flattened: 36 features."""
    return preprocess(images, size=None, channels=None)


@pytest.fixture
def start_gpicl(tmp_path):
    """Start the real command in a process of its own."""

    def start(*arguments: str) -> subprocess.Popen:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        return subprocess.Popen(
            [sys.executable, "-m", "gpicl.cli.main", *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.fixture
def import_benchmark(monkeypatch):
    """Import a module of a benchmark by folder and name. Different benchmarks have modules of the same name."""
    forgotten = set()

    def load(folder: str, name: str):
        path = Path(__file__).parents[1] / "benchmarks" / folder
        monkeypatch.syspath_prepend(str(path))
        forgotten.update(each.stem for each in path.glob("*.py"))
        return import_module(name)

    yield load
    for name in forgotten:
        sys.modules.pop(name, None)
