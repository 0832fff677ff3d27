"""Files that are either whole or not there."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from gpicl.errors import ConfigError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file so that a kill at any moment leaves either the old one or the new one.

    Args:
        path: The file.
        write: Writes the content to the path that it is given.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def make_folder(path: Path) -> Path:
    """Create a folder that files will be written to.

    Args:
        path: The folder.

    Raises:
        ConfigError: If it cannot be created or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise ConfigError(
            f"Cannot write to the folder {path}: {error.strerror or error}. Choose another one with --output."
        ) from error
    return path
