"""Detect changes that the configuration does not show: in the learner's source code and in the data."""

import ast
import hashlib
import inspect
import io
import sys
import tokenize
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from gpicl.errors import ConfigError
from gpicl.learners import LEARNERS, learner_class

_PACKAGES = ("gpicl", "lightning", "pytorch_lightning", "torch")


def learner_source(name: str) -> str | None:
    """Hash the source of a learner: the file of its class and the files of its own package that it imports.

    Comments and docstrings do not count.

    Args:
        name: See `learner_class`.

    Returns:
        The hash; None if there is no source file.
    """
    return _source(learner_class(name))


def extensions_source(names: Iterable[str]) -> str | None:
    """Hash the source of the user's own widenings and callbacks; see `learner_source`.

    Args:
        names: Import paths of classes. Those of gpicl and Lightning, which change from version to version, and those
            without a source file are left out.

    Returns:
        The hash; None if there are none, or one cannot be imported.
    """
    found = []
    for name in sorted(set(names)):
        module, _, attribute = name.rpartition(".")
        if module and module.partition(".")[0] not in _PACKAGES:
            try:
                found.append(_source(getattr(import_module(module), attribute)))
            except (ImportError, AttributeError):  # the package is only needed to train
                return None
    sources = [source for source in found if source is not None]
    return hashlib.sha256(" ".join(sources).encode()).hexdigest()[:16] if sources else None


def _source(cls: type) -> str | None:
    module = sys.modules[cls.__module__]
    place = _file_of(module)
    if place is None:
        return None
    found = {module.__name__: place}
    home = _home_of(module, place)
    if home != place:
        found.clear()
        _collect(module, home, found)
    digest = hashlib.sha256()
    for module_name, path in sorted(found.items()):
        digest.update(module_name.encode())
        digest.update(_code(path.read_bytes()).encode())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=256)  # every run asks several times, and parsing all files takes longer than a short run's training
def _code(source: bytes) -> str:
    """Source without comments, docstrings and blank lines, which change nothing that a learner does."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    lines = source.decode().splitlines()
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            first, last = node.body[0].lineno, node.body[0].end_lineno or 0
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def check_unchanged(
    made_from: Mapping[str, Any] | None, now: Mapping[str, str | None], learner: str, dataset: str, place: Path
) -> str | None:
    """Compare the code and data that a run was made from with the current ones.

    Args:
        made_from: `learner`, `data`, `episodes` and `extensions` recorded by the run; None if an earlier version, which
            did not record them, made it.
        now: The current hashes.
        learner: Name of the learner.
        dataset: Name or path of the data set.
        place: The run's folder.

    Returns:
        A warning, or None. Changes in gpicl's own learners and episodes are only a warning, since these change from
        version to version.

    Raises:
        ConfigError: If the data, or the user's own learner, widenings or callbacks have changed.
    """
    again = "Train again with --fresh true (which replaces the run), or give another --output."
    if made_from is None:
        return f"{place} was made by an earlier version, which did not record its data and code. {again}"
    if made_from.get("data") != now["data"]:
        raise ConfigError(f"The run {place} was made from other data than {dataset} holds now. {again}")
    extensions = {made_from.get("extensions"), now.get("extensions")}
    if None not in extensions and len(extensions) > 1:
        raise ConfigError(f"The run {place} was made with another version of its widenings or callbacks. {again}")
    if None not in (made_from.get("learner"), now["learner"]) and made_from["learner"] != now["learner"]:
        if learner in LEARNERS:
            return f"{place} was made by another version of {learner}'s code. {again}"
        raise ConfigError(f"The run {place} was made by another version of {learner}'s code. {again}")
    episodes = {made_from.get("episodes"), now.get("episodes")}
    if None not in episodes and len(episodes) > 1:
        return f"{place} was made by a version of gpicl that makes other episodes from the same seed. {again}"
    return None


def _collect(module: ModuleType, home: Path, found: dict[str, Path]) -> None:
    path = _file_of(module)
    if path is None or module.__name__ in found or not _belongs(module, path, home):
        return
    found[module.__name__] = path
    for name in _imported(path.read_bytes(), module.__package__ or ""):
        if name in sys.modules:
            _collect(sys.modules[name], home, found)


@lru_cache(maxsize=256)
def _imported(source: bytes, package: str) -> tuple[str, ...]:
    """Return the names of imported modules, and of `from` imports, which may be modules too."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names += [base, *(f"{base}.{name.name}" for name in node.names)]
    return tuple(names)


def _belongs(module: ModuleType, path: Path, home: Path) -> bool:
    """Return whether a file is part of the learner rather than of a package installed below its folder."""
    if home not in path.parents:
        return False
    installed = {"site-packages", "dist-packages"} & set(path.relative_to(home).parts)
    return not installed and (not module.__name__.startswith("gpicl.") or home.name == "learners")


def _home_of(module: ModuleType, path: Path) -> Path:
    """Return the folder of the sources that belong together: that of the top-level package, or gpicl's learners.

    For a module outside any package it is the module's folder, or only its file if that folder is `site-packages`.
    """
    if module.__name__.startswith("gpicl."):
        return path.parent
    depth = module.__name__.count(".") - 1 + (path.name == "__init__.py")
    home = path.parents[max(0, depth)]
    return path if home.name in ("site-packages", "dist-packages") else home


def _file_of(module: ModuleType) -> Path | None:
    try:
        path = Path(inspect.getsourcefile(module) or "")
    except TypeError:  # built in
        return None
    return path.resolve() if path.is_file() else None
