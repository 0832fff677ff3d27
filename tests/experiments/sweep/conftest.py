"""A grid of runs that take a second each."""

from dataclasses import replace
from pathlib import Path

import pytest

from gpicl.experiments.sweep import SweptRun, accuracies_at, open_engine, results_table, sweep
from gpicl.metatraining import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
)


@pytest.fixture(scope="package")
def trace(tmp_path_factory):
    """Folder in which a `Trapped` learner leaves its traces."""
    return tmp_path_factory.mktemp("trace")


@pytest.fixture(scope="package")
def importable(trace):
    """Workers can import what lies beside this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
        yield


@pytest.fixture(scope="package")
def grid(trace, importable):
    """Two small runs, a `Trapped` one, and one that cannot work."""

    def config(seed: int, name: str = "ValueTransformer", **options: object) -> RunConfig:
        return RunConfig(
            DataConfig("digits", size=4),
            TaskConfig(num_tasks=3, length=12),
            LearnerConfig(name, options or {"layers": 1, "width": 16, "heads": 1, "key_size": 8}),
            TrainingConfig(steps=12, batch=4, warmup=2, precision="fp32", seed=seed),
            TestingConfig(["digits"], tasks=["unseen", "seen"], episodes=8),
            LoopConfig(checkpoint_every=5, validate_every=6, validation_episodes=4, log_every=1, progress=False),
        )

    plain = [SweptRun(config(seed), {"kind": "plain", "seed": seed}) for seed in (0, 1)]
    trapped = SweptRun(config(0, "trapped.Trapped", trace=str(trace)), {"kind": "trapped", "seed": 0})
    broken = config(0)
    broken = replace(broken, learner=LearnerConfig("ValueTransformer", {"layerz": 3}))
    return [plain[0], trapped, SweptRun(broken, {"kind": "broken", "seed": 0}), plain[1]]


@pytest.fixture(scope="package")
def engine(importable):
    """One run after another, in one process for all tests."""
    with open_engine(threads=1) as opened:
        yield opened


@pytest.fixture(scope="package")
def swept(grid, engine, tmp_path_factory):
    """A sweep of which nothing was killed: its folder, its failures, and what it said."""
    output, told = tmp_path_factory.mktemp("runs"), []
    failures = sweep(grid, output, engine, "gpicl reproduce this", say=told.append, progress=False)
    return output, failures, told


@pytest.fixture(scope="package")
def undisturbed(grid, swept):
    """Its table, as it was then."""
    return results_table(grid, swept[0], accuracies_at()).to_csv(index=False)
