"""Presets: configurations that come with the package, by name."""

from argparse import ArgumentError
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from gpicl.errors import ConfigError, UnknownNameError
from gpicl.files import shortened
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
from gpicl.metatraining.typed_settings import parsed

_PARTS: dict[str, Any] = {
    "data": DataConfig,
    "tasks": TaskConfig,
    "learner": LearnerConfig,
    "training": TrainingConfig,
    "testing": TestingConfig,
    "loop": LoopConfig,
}


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
    try:
        return _read(preset_path(name))
    except (yaml.YAMLError, UnicodeDecodeError, OSError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{shortened(name)} is not a configuration: {' '.join(str(error).split())}. `gpicl train --print_config` "
            "prints one."
        ) from error


def _read(path: Path) -> RunConfig:
    given = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for name in given:
        if name not in (*_PARTS, "init"):
            raise UnknownNameError(f"setting of {path}:", str(name), [*_PARTS, "init"])
    return RunConfig(**{name: _part(name, given.get(name) or {}, path) for name in _PARTS}, init=given.get("init"))


def _part(name: str, values: dict[str, Any], path: Path) -> Any:
    known = [each.name for each in fields(_PARTS[name])]
    for key in values:
        if key not in known:
            raise UnknownNameError(f"setting of {name} in {path}:", str(key), known)
    plugins = {key: values[key] for key in ("callbacks", "loggers") if key in values}
    try:
        part = parsed(_PARTS[name], {key: value for key, value in values.items() if key not in plugins})
    except ArgumentError as error:
        reason = " ".join(str(error).partition("Errors:")[0].split()).replace('Parser key "', f'"{name}.')
        raise ConfigError(f"{path}: {reason}. `gpicl train --print_config` prints a valid configuration.") from error
    return replace(part, **{key: [PluginConfig(**each) for each in listed] for key, listed in plugins.items()})
