"""Meta-training: a learner and tasks in, a run's folder with weights out."""

from gpicl.metatraining.config import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
)
from gpicl.metatraining.data_module import EpisodeDataModule
from gpicl.metatraining.module import MetaTraining
from gpicl.metatraining.presets import list_presets, load_preset, preset_path
from gpicl.metatraining.run import Run
from gpicl.metatraining.train import meta_train

__all__ = [
    "DataConfig",
    "EpisodeDataModule",
    "LearnerConfig",
    "LoopConfig",
    "MetaTraining",
    "Run",
    "RunConfig",
    "TaskConfig",
    "TestingConfig",
    "TrainingConfig",
    "list_presets",
    "load_preset",
    "meta_train",
    "preset_path",
]
