"""Presets: configurations that come with the package, by name."""

from importlib.resources import files
from pathlib import Path

import yaml

from gpicl.errors import UnknownNameError
from gpicl.metatraining.config import (
    DataConfig,
    LearnerConfig,
    LoopConfig,
    RunConfig,
    TaskConfig,
    TestingConfig,
    TrainingConfig,
)


def list_presets() -> list[str]:
    """Names of the presets."""
    return sorted(p.name.removesuffix(".yaml") for p in files(__package__).iterdir() if p.name.endswith(".yaml"))


def preset_path(name: str) -> Path:
    """Find a configuration by the name of a preset or by its path.

    Args:
        name: Such as `quickstart`, or `my/config.yaml`.

    Raises:
        UnknownNameError: If there is neither such a preset nor such a file.
    """
    if name in list_presets():
        return Path(str(files(__package__) / f"{name}.yaml"))
    if Path(name).is_file():
        return Path(name)
    raise UnknownNameError("preset", name, list_presets(), "The path of a YAML file does too; this one does not exist.")


def load_preset(name: str) -> RunConfig:
    """Read a preset.

    Args:
        name: One of `list_presets`.

    Raises:
        UnknownNameError: If there is no such preset.
    """
    if name not in list_presets():
        raise UnknownNameError("preset", name, list_presets())
    parts = yaml.safe_load(preset_path(name).read_text())
    return RunConfig(
        DataConfig(**parts.get("data", {})),
        TaskConfig(**parts.get("tasks", {})),
        LearnerConfig(**parts.get("learner", {})),
        TrainingConfig(**parts.get("training", {})),
        TestingConfig(**parts.get("testing", {})),
        LoopConfig(**parts.get("loop", {})),
    )
