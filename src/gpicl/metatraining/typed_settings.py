"""Give settings the types of their fields, wherever they come from: a card, a YAML file or Python code."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar, get_args, get_type_hints

from gpicl.errors import ConfigError
from gpicl.metatraining.config import RunConfig

_Config = TypeVar("_Config")


def parsed(kind: type[_Config], values: Mapping[str, Any]) -> _Config:
    """Build a part of a configuration from values, which must have the types of its fields.

    Args:
        kind: Class of the part, such as `TaskConfig`.
        values: Values by the name of the field.

    Raises:
        ArgumentError: If a field is unknown, or a value has the wrong type.
        ConfigError: If a value is out of range.
    """
    from jsonargparse import ArgumentParser

    hints = get_type_hints(kind)
    for name, value in values.items():
        if value is None and name in hints and type(None) not in get_args(hints[name]):  # the parser accepts it
            raise ConfigError(f"{name} is None")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(kind)
    return kind(**parser.parse_object(dict(values)).as_dict())


def with_floats(config: RunConfig) -> RunConfig:
    """Return a configuration in which settings of type float are floats: 10 minutes and 10.0 are the same run."""
    parts = {}
    for part in ("data", "tasks", "training"):
        settings = getattr(config, part)
        hints = get_type_hints(type(settings))
        values = {each.name: getattr(settings, each.name) for each in fields(settings)}
        whole = {
            name: float(value)
            for name, value in values.items()
            if type(value) is int and float in (hints[name], *get_args(hints[name]))
        }
        parts[part] = replace(settings, **whole) if whole else settings
    return replace(config, **parts)
