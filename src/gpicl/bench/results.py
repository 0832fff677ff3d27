"""Figures as a file, and back."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from gpicl.bench.figure import Figure
from gpicl.errors import ConfigError
from gpicl.files import write_atomically

_VERSION = 1


@dataclass
class Results:
    """What a benchmark has measured.

    Attributes:
        scale: Sizes of the work.
        precision: Precision of the learners' products.
        machine: What decides how fast everything is.
        version: Version of gpicl.
        command: What was typed.
        date: When it was begun.
        figures: The figures.
        notes: What was left out, and why.
    """

    scale: str
    precision: str
    machine: dict[str, Any]
    version: str
    command: str = ""
    date: str = field(default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="seconds"))
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write_results(results: Results, path: Path) -> None:
    """Write the file, whole or not at all.

    Args:
        results: What to write.
        path: Where to.
    """
    content = {"format": _VERSION, **asdict(results)}
    for told, figure in zip(content["figures"], results.figures, strict=True):
        told["share"], told["per_second"] = figure.share, figure.per_second
    text = json.dumps(content, indent=1) + "\n"
    write_atomically(path, lambda part: part.write_text(text))


def read_results(path: Path) -> Results:
    """Read a file that an earlier benchmark has written.

    Args:
        path: The file.

    Raises:
        ConfigError: If there is none, or it is not one of ours.
    """
    remedy = "Give the file that an earlier gpicl bench wrote with --output."
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise ConfigError(f"Cannot read the results {path}: {error.strerror or error}. {remedy}") from error
    except ValueError as error:
        raise ConfigError(f"The results {path} are damaged: no JSON ({error}). {remedy}") from error
    try:
        if content.pop("format") != _VERSION:
            raise ConfigError(f"The results {path} are of another version of gpicl. Measure them again.")
        for told in content["figures"]:
            del told["share"], told["per_second"]
        return Results(**{**content, "figures": [Figure(**told) for told in content["figures"]]})
    except (TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{path} holds no results of gpicl bench. {remedy}") from error
