"""Presets: configurations that come with the package, by name."""

from importlib.resources import files
from pathlib import Path

import yaml

from gpicl.errors import ConfigError, UnknownNameError
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


def list_presets() -> list[str]:
    """Return the names of the presets."""
    return sorted(p.name.removesuffix(".yaml") for p in files(__package__).iterdir() if p.name.endswith(".yaml"))


def preset_path(name: str) -> Path:
    """Find a configuration by the name of a preset or by its path.

    Args:
        name: Name or path, such as `quickstart` or `my/config.yaml`.

    Raises:
        UnknownNameError: If there is no preset and no file with this name.
    """
    if name in list_presets():
        return Path(str(files(__package__) / f"{name}.yaml"))
    if Path(name).is_file():
        return Path(name)
    raise UnknownNameError("preset", name, list_presets(), "Or give the path of a YAML file; this one does not exist.")


def load_preset(name: str) -> RunConfig:
    """Read a preset, or a configuration of your own.

    Args:
        name: One of `list_presets`, or the path of a YAML file.

    Raises:
        UnknownNameError: If there is no preset and no file with this name.
        ConfigError: If the file is not a valid configuration.
    """
    path = preset_path(name)
    try:
        return _read(path)
    except (yaml.YAMLError, UnicodeDecodeError, OSError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} is not a configuration: {' '.join(str(error).split())}. `gpicl train --print_config` prints one."
        ) from error


def _read(path: Path) -> RunConfig:
    parts = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for part, name in (("training", "callbacks"), ("loop", "loggers")):
        if name in parts.get(part, {}):
            parts[part][name] = [PluginConfig(**plugin) for plugin in parts[part][name]]
    return RunConfig(
        DataConfig(**parts.get("data", {})),
        TaskConfig(**parts.get("tasks", {})),
        LearnerConfig(**parts.get("learner", {})),
        TrainingConfig(**parts.get("training", {})),
        TestingConfig(**parts.get("testing", {})),
        LoopConfig(**parts.get("loop", {})),
        parts.get("init"),
    )
