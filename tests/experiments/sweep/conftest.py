"""A grid of runs that take a second each."""

from dataclasses import replace
from pathlib import Path

import pytest

from gpicl.experiments.sweep import SweptRun
from gpicl.metatraining import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
)


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """Folder in which a `Trapped` learner leaves its traces."""
    return tmp_path_factory.mktemp("trace")


@pytest.fixture(scope="module")
def importable(trace):
    """Workers can import what lies beside this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent)
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
        yield


@pytest.fixture(scope="module")
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
