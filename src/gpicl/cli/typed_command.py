"""A typed function becomes a command: its signature the options, its docstring the help."""

import re
from argparse import ArgumentError
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from inspect import signature
from typing import Any

from jsonargparse import ActionConfigFile, ArgumentParser

from gpicl.errors import ConfigError, GpiclError
from gpicl.metatraining import list_presets, preset_path

# What jsonargparse says of a value of the wrong kind: the option, what it takes, and the value.
_WRONG = (
    r'Parser key "([\w.]+)": Expected a (.+?)\. Got value: (.*)',
    r'Parser key "([\w.]+)": Does not validate against any of the Union .*?Subtypes: \[(.+?)\] .*Given value: (.*)',
)


def run_typed_command(
    function: Callable[..., Any],
    arguments: list[str],
    configurable: bool = False,
    renamed: Mapping[str, str] | None = None,
) -> Any:
    """Parse arguments for a function and call it.

    Args:
        function: Its parameters are the options, those without default positional.
        arguments: What the user typed behind the command's name.
        configurable: Accept `--config` with the name of a preset or the path of a YAML file.
        renamed: Options by the names that they have in Python, where these differ; see `in_options`.

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
    _allow_bare_flags(function, parser)
    try:
        parsed = parser.parse_args([_underscored(argument) for argument in arguments])
        values = parser.instantiate(parsed)
    except (ArgumentError, TypeError, OSError) as error:
        raise ConfigError(_explain(str(error), parser, name)) from error
    options = {key: value for key, value in vars(values).items() if key != "config"}
    try:
        return function(**options)
    except GpiclError as error:
        error.args = (in_options(str(error), renamed or {}),)
        raise


def in_options(message: str, renamed: Mapping[str, str]) -> str:
    """Word a message as the command line does: `n_estimators=1` becomes `--members 1`.

    Args:
        message: An error or a warning.
        renamed: Options by the names that they have in Python.
    """
    for name, option in renamed.items():
        whole_name = rf"(?<![-\w.]){re.escape(name)}(?!\w|\.\w)"
        message = re.sub(whole_name, f"--{option}", re.sub(f"{whole_name}=", f"--{option} ", message))
    return message


def _allow_bare_flags(function: Callable[..., Any], parser: ArgumentParser) -> None:
    """Let `--open` mean `--open true` where it is no by default."""
    off = {name for name, parameter in signature(function).parameters.items() if parameter.default is False}
    for action in parser._actions:
        if action.dest in off:
            action.nargs, action.const = "?", True


def _underscored(argument: str) -> str:
    """Let `--dry-run` mean `--dry_run`: options are named as the function's parameters."""
    if not argument.startswith("--"):
        return argument
    option, equals, value = argument.partition("=")
    return "--" + option[2:].replace("-", "_") + equals + value


def _resolve_presets(arguments: list[str]) -> list[str]:
    resolved = list(arguments)
    for i, argument in enumerate(arguments):
        if argument == "--config" and i + 1 < len(arguments):
            resolved[i + 1] = str(preset_path(arguments[i + 1]))
        elif argument.startswith("--config="):
            resolved[i] = f"--config={preset_path(argument.removeprefix('--config='))}"
    return resolved


def _explain(message: str, parser: ArgumentParser, name: str) -> str:
    known = [action.dest for action in parser._actions if action.dest not in ("help", "print_config")]
    message = " ".join(message.split())
    for form in _WRONG:
        if wrong := re.match(form, message):
            message = f"--{wrong[1]} must be {_in_words(wrong[2])}, not {wrong[3]!r}"
    if missing := re.search(r"arguments are required: (.+)$", message):
        options = {action.dest for action in parser._actions if action.option_strings}
        names = [f"--{each}" if each in options else each for each in missing[1].split(", ")]
        message = f"the following arguments are required: {', '.join(names)}"
    unknown = re.search(r"(?:unrecognized arguments:? --|[Oo]ption '|[Kk]ey ')([\w.]+)", message)
    group = re.search(r"[Gg]roup '([\w.]+)'", message)
    hint = ""
    if unknown:
        full = f"{group[1]}.{unknown[1]}" if group else unknown[1]
        near = get_close_matches(full, known, n=2, cutoff=0.6)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"{message.rstrip('.')}.{hint} See gpicl {name} --help."


def _in_words(kind: str) -> str:
    """Word a type, or several with commas between them, for people who do not know Python."""
    if choices := re.search(r"Literal\[(.+?)\]", kind):
        return f"one of {choices[1]}"
    words = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text", "NoneType": "null"}
    return " or ".join(words.get(part, part) for part in re.sub(r"<class '(\w+)'>", r"\1", kind).split(", "))
