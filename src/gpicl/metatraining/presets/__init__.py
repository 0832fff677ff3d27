"""Presets: configurations that come with the package, by name."""

from importlib.resources import files
from pathlib import Path

from gpicl.errors import UnknownNameError


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
