"""Turn a typed function into a command: the signature gives the options, the docstring the help."""

import re
from argparse import ArgumentError
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from inspect import Parameter, signature
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import ActionConfigFile, ArgumentParser

from gpicl.errors import ConfigError, GpiclError
from gpicl.metatraining import list_presets, preset_path

# jsonargparse's messages for a value of the wrong type, with three groups: option, expected type, value.
_WRONG = (
    r'Parser key "([\w.]+)": Expected a (.+?)\. Got value: (.*)',
    r'Parser key "([\w.]+)": Does not validate against any of the Union .*?Subtypes: \[(.+?)\] .*Given value: (.*)',
)


# The value of `--seeds` after `--seeds.x 3`, which has settings only if it is a mapping.
_NESTED = r"NestedArg\(key='([\w.]+)'"
_NO_FILE = r'Parser key "([\w.]+)": Unable to load config \W(.*?)\W - '


def run_typed_command(
    function: Callable[..., Any],
    arguments: list[str],
    configurable: bool = False,
    renamed: Mapping[str, str] | None = None,
) -> Any:
    """Parse arguments for a function and call it.

    Args:
        function: Its parameters become the options; those without a default are positional.
        arguments: Command-line arguments after the command's name.
        configurable: Accept `--config` with the name of a preset or the path of a YAML file.
        renamed: Command-line option for each Python parameter with another name; see `in_options`.

    Raises:
        ConfigError: If an option is unknown or a value has the wrong type.
        UnknownNameError: If there is no such preset.
    """
    summary = (function.__doc__ or "").partition("\n")[0]
    name = function.__name__.lstrip("_")
    parser = ArgumentParser(prog=f"gpicl {name}", description=summary, exit_on_error=False, allow_abbrev=False)
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
    except (ArgumentError, TypeError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(_explain(str(error), function, name)) from error
    options = {key: value for key, value in vars(values).items() if key != "config"}
    try:
        return function(**options)
    except GpiclError as error:
        error.args = (in_options(str(error), renamed or {}),)
        raise


def in_options(message: str, renamed: Mapping[str, str]) -> str:
    """Replace Python parameters in a message by command-line options: `n_estimators=1` becomes `--members 1`.

    Args:
        message: An error or a warning.
        renamed: Command-line option for each Python parameter.
    """
    for name, option in renamed.items():
        whole_name = rf"(?<![-\w.]){re.escape(name)}(?!\w|\.\w)"
        message = re.sub(whole_name, f"--{option}", re.sub(f"{whole_name}=", f"--{option} ", message))
    return message


def _spelled_out(function: Callable[..., Any], arguments: list[str]) -> list[str]:
    """Accept `--dry-run` for `--dry_run`, and a bare `--open` for `--open=true`."""
    off = {f"--{name}" for name, parameter in signature(function).parameters.items() if parameter.default is False}
    spelled = []
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue="--"):
        if argument.startswith("--"):
            option, equals, value = argument.partition("=")
            option = "--" + option[2:].replace("-", "_")
            bare = option in off and not equals and following.lower() not in ("true", "false")
            argument = f"{option}=true" if bare else option + equals + value
        spelled.append(argument)
    return spelled


def _check_names(arguments: list[str], known: list[str], command: str) -> None:
    """Reject unknown options and configuration keys, and suggest the closest known ones."""
    for key, value in _settings(arguments):
        group = any(each.startswith(f"{key}.") for each in known) and key not in known
        if group and value is not None and not isinstance(value, dict):
            raise ConfigError(f"{key} must be a mapping of settings, not {value!r}. See gpicl {command} --help.")
    for name in _names(arguments):
        if not any(name == each or f"{name}.".startswith(f"{each}.") or each.startswith(f"{name}.") for each in known):
            near = get_close_matches(name, known, n=2, cutoff=0.6)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise ConfigError(f"Unknown option {name}.{hint} See gpicl {command} --help.")


def _names(arguments: list[str]) -> Iterator[str]:
    for argument in arguments:
        if argument.startswith("--") and argument != "--":
            yield argument[2:].partition("=")[0]
    yield from _dotted(dict(_settings(arguments)))


def _settings(arguments: list[str]) -> Iterator[tuple[str, Any]]:
    """Top-level keys and values of the configuration files."""
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        option, _, value = argument.partition("=")
        if option != "--config":
            continue
        try:
            content = yaml.safe_load(Path(value or following).read_text())
        except (OSError, ValueError, yaml.YAMLError):
            continue  # the parser reports what is wrong with it
        if isinstance(content, dict):
            yield from ((str(key), each) for key, each in content.items())


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
            resolved[i + 1] = str(_readable(preset_path(arguments[i + 1])))
        elif argument.startswith("--config="):
            resolved[i] = f"--config={_readable(preset_path(argument.removeprefix('--config=')))}"
    return resolved


def _readable(path: Path) -> Path:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).replace('"<unicode string>"', str(path)).split())
        raise ConfigError(
            f"The configuration {path} cannot be read: {reason}. Save it as YAML text in UTF-8."
        ) from error
    if content is not None and not isinstance(content, dict):
        raise ConfigError(f"{path} is not a configuration: it must be a mapping of settings, not {content!r:.60}.")
    return path


def _explain(message: str, function: Callable[..., Any], name: str) -> str:
    message = " ".join(message.split())
    for form in _WRONG:
        if wrong := re.match(form, message):
            if nested := re.match(_NESTED, wrong[3]):
                return f"Unknown option {wrong[1]}.{nested[1]}: {wrong[1]} has no settings. See gpicl {name} --help."
            message = f"--{wrong[1]} must be {_in_words(wrong[2])}, not {wrong[3]!r}"
    if unread := re.match(_NO_FILE, message):
        message = (
            f"--{unread[1]} must be a YAML file of settings, not {unread[2]!r}; or give its settings one by one, as in "
            f"--{unread[1]}.NAME VALUE"
        )
    if missing := re.search(r"arguments are required: (.+)$", message):
        parameters = signature(function).parameters
        names = [
            f"--{each}" if parameters[each].kind is Parameter.KEYWORD_ONLY else each for each in missing[1].split(", ")
        ]
        message = f"the following arguments are required: {', '.join(names)}"
    return f"{message.rstrip('.')}. See gpicl {name} --help."


def _in_words(kind: str) -> str:
    """Describe one type, or several separated by commas, without Python terms."""
    if choices := re.search(r"Literal\[(.+?)\]", kind):
        others = [part for part in (kind[: choices.start()] + kind[choices.end() :]).split(", ") if part.strip()]
        return " or ".join([f"one of {choices[1]}", *(_in_words(other) for other in others if "typing" not in other)])
    words = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text", "NoneType": "null"}
    words |= {"list": "a list, as in [first, second]", "dict": "a mapping, as in {name: value}"}
    parts = re.sub(r"<class '(\w+)'>", r"\1", kind).split(", ")
    return " or ".join(words.get(part, part) for part in sorted(parts, key=lambda part: part == "NoneType"))
