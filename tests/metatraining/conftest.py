"""A run that takes a second."""

import pytest

from gpicl.metatraining import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
)

TINY = {"layers": 1, "width": 16, "heads": 1, "key_size": 8}


@pytest.fixture
def config() -> RunConfig:
    """A tiny Transformer on 8x8 digits."""
    return RunConfig(
        DataConfig("digits", size=4),
        TaskConfig(length=12),
        LearnerConfig("ValueTransformer", dict(TINY)),
        TrainingConfig(steps=12, batch=4, warmup=2, precision="fp32"),
        TestingConfig(["digits"], episodes=8),
        LoopConfig(checkpoint_every=5, validate_every=6, validation_episodes=4, log_every=1, progress=False),
    )
