"""Build callbacks and loggers by import path."""

from collections.abc import Sequence
from importlib import import_module
from typing import TypeVar

from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import Logger

from gpicl.errors import ConfigError
from gpicl.metatraining.config import PluginConfig

Kind = TypeVar("Kind")

_LOGGERS = {
    "wandb": "lightning.pytorch.loggers.WandbLogger",
    "mlflow": "lightning.pytorch.loggers.MLFlowLogger",
    "tensorboard": "lightning.pytorch.loggers.TensorBoardLogger",
    "csv": "lightning.pytorch.loggers.CSVLogger",
}


def build_loggers(plugins: Sequence[PluginConfig]) -> list[Logger]:
    """Build loggers.

    Args:
        plugins: Short names or import paths, and options.

    Raises:
        ConfigError: See `build_plugins`.
    """
    named = [PluginConfig(_LOGGERS.get(each.name, each.name), each.options) for each in plugins]
    return build_plugins(named, Logger, "loop.loggers")  # type: ignore[type-abstract]


def build_plugins(plugins: Sequence[PluginConfig], kind: type[Kind], where: str) -> list[Kind]:
    """Build callbacks or loggers from their import paths.

    Args:
        plugins: Import paths and options.
        kind: Required base class.
        where: Name of the configuration field, for the error message.

    Raises:
        ConfigError: If a plugin cannot be imported or built, or is not of this kind.
    """
    return [_build(each, kind, where) for each in plugins]


def _build(plugin: PluginConfig, kind: type[Kind], where: str) -> Kind:
    module, _, name = plugin.name.rpartition(".")
    try:
        built = getattr(import_module(module or "builtins"), name)(**plugin.options)
    except Exception as error:  # third-party code can raise anything
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"{where}: cannot build {plugin.name} with {plugin.options}: {type(error).__name__}: {reason}. Give the "
            "import path of a class (package.module.Class), install its package, and give arguments that its "
            "constructor accepts as options."
        ) from error
    if isinstance(built, EarlyStopping):
        raise ConfigError(
            f"{where}: a run that Lightning's EarlyStopping ends counts as unfinished, since its budget is not used. "
            "Set training.patience, which ends it after that many validations without a new best training.metric."
        )
    if not isinstance(built, kind):
        raise ConfigError(f"{where}: {plugin.name} is not a Lightning {kind.__name__}. Give a class derived from it.")
    return built
