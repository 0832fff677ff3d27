"""Meta-training: train a learner on tasks, and save its weights in a run's folder.

WHY some names are imported on first use: code that only reads a configuration, such as a command's help, should not
wait for Lightning to load.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gpicl.metatraining.config import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    PluginConfig,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
)
from gpicl.metatraining.presets import list_presets, load_preset, preset_path

if TYPE_CHECKING:
    from gpicl.metatraining.data_module import EpisodeDataModule
    from gpicl.metatraining.module import MetaTraining
    from gpicl.metatraining.run import Run
    from gpicl.metatraining.train import meta_train

__all__ = [
    "DataConfig",
    "EpisodeDataModule",
    "LearnerConfig",
    "LoopConfig",
    "MetaTraining",
    "PluginConfig",
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

_HEAVY = {"EpisodeDataModule": "data_module", "MetaTraining": "module", "Run": "run", "meta_train": "train"}


def __getattr__(name: str) -> Any:
    if name in _HEAVY:
        return getattr(import_module(f"{__name__}.{_HEAVY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
