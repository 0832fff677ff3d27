"""A typed function becomes a command: its signature the options, its docstring the help."""

from argparse import ArgumentError
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from inspect import signature
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ActionConfigFile, ArgumentParser

from gpicl.errors import ConfigError
from gpicl.metatraining import list_presets, preset_path


def run_typed_command(function: Callable[..., Any], arguments: list[str], configurable: bool = False) -> Any:
    """Parse arguments for a function and call it.

    Args:
        function: Its parameters are the options, those without default positional.
        arguments: What the user typed behind the command's name.
        configurable: Accept `--config` with the name of a preset or the path of a YAML file.

    Raises:
        ConfigError: If an option is unknown or a value is of the wrong kind.
        UnknownNameError: If there is no such preset.
    """
    summary = (function.__doc__ or "").partition("\n")[0]
    name = function.__name__.lstrip("_")
    parser = ArgumentParser(prog=f"gpicl {name}", description=summary, exit_on_error=False)
    if configurable:
        parser.add_argument(
            "--config", action=ActionConfigFile, help=f"A preset ({', '.join(list_presets())}) or a YAML file."
        )
        arguments = _resolve_presets(arguments)
    parser.add_function_arguments(function, as_group=False, as_positional=True)
    arguments = _spelled_out(function, arguments)
    _check_names(arguments, [*parser.get_defaults().keys(), "help", "config", "print_config"], name)
    try:
        values = parser.instantiate(parser.parse_args(arguments))
    except (ArgumentError, TypeError, OSError) as error:
        raise ConfigError(f"{' '.join(str(error).split()).rstrip('.')}. See gpicl {name} --help.") from error
    options = {key: value for key, value in vars(values).items() if key != "config"}
    return function(**options)


def _spelled_out(function: Callable[..., Any], arguments: list[str]) -> list[str]:
    """Let `--dry-run` mean `--dry_run`, as its parameter is named, and a bare `--open` mean `--open=true`."""
    off = {f"--{name}" for name, parameter in signature(function).parameters.items() if parameter.default is False}
    spelled = []
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue="--"):
        if argument.startswith("--"):
            option, equals, value = argument.partition("=")
            option = "--" + option[2:].replace("-", "_")
            bare = option in off and not equals and following.startswith("-")
            argument = f"{option}=true" if bare else option + equals + value
        spelled.append(argument)
    return spelled


def _check_names(arguments: list[str], known: list[str], command: str) -> None:
    """Refuse an option, or a key of a configuration file, that does not exist, and offer the nearest."""
    for name in _names(arguments):
        if not any(name == each or f"{name}.".startswith(f"{each}.") or each.startswith(f"{name}.") for each in known):
            near = get_close_matches(name, known, n=2, cutoff=0.6)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise ConfigError(f"There is no option {name}.{hint} See gpicl {command} --help.")


def _names(arguments: list[str]) -> Iterator[str]:
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        if argument.startswith("--") and argument != "--":
            option, _, value = argument[2:].partition("=")
            yield option
            if option == "config":
                yield from _keys(Path(value or following))


def _keys(path: Path) -> Iterator[str]:
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError):
        return  # the parser says what is wrong with it
    yield from _dotted(content)


def _dotted(content: Any, prefix: str = "") -> Iterator[str]:
    for key, value in content.items() if isinstance(content, dict) else ():
        if isinstance(value, dict) and value:
            yield from _dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _resolve_presets(arguments: list[str]) -> list[str]:
    resolved = list(arguments)
    for i, argument in enumerate(arguments):
        if argument == "--config" and i + 1 < len(arguments):
            resolved[i + 1] = str(preset_path(arguments[i + 1]))
        elif argument.startswith("--config="):
            resolved[i] = f"--config={preset_path(argument.removeprefix('--config='))}"
    return resolved
