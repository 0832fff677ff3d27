"""Atomic writing, locks, and checks of output paths."""

import errno
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gpicl.errors import ConfigError, WriteError

FIXABLE = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENAMETOOLONG
}  # fmt: skip
"""Reasons for an error of the file system that the user can fix."""


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file so that killing the process at any moment leaves either the old file or the new one.

    Args:
        path: File to write; its folder must exist.
        write: Called with the path of a temporary file in the same folder, and writes the content there.

    Raises:
        WriteError: If the disk is full, or the folder is read-only.
    """
    path = path.resolve()  # of a link, the file behind it is written
    with naming_write_errors(path):
        part = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        part.touch(exist_ok=False)
        try:
            write(part)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            if path.exists():
                part.chmod(path.stat().st_mode & 0o777)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def remove_unfinished_writes(path: Path) -> None:
    """Remove what killed processes left of `write_atomically`. No process may be writing the file.

    Args:
        path: The file that they were writing.
    """
    for part in path.parent.glob(f".{path.name}.*"):
        part.unlink(missing_ok=True)


@contextmanager
def naming_write_errors(path: Path) -> Iterator[None]:
    """Turn errors while a file is written into a `WriteError` that names the file.

    Args:
        path: File that the `with` block writes.

    Raises:
        WriteError: If the disk is full, or the folder is read-only.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FIXABLE:
            raise
        raise WriteError(path, error.strerror or str(error)) from error
    except Exception as error:
        # torch and safetensors wrap the operating system's error in their own.
        reason = str(error).partition("\n")[0]
        signs = ("file write failed", "PytorchStreamWriter", "I/O error", "IoError", "unexpected pos", "iostream")
        if isinstance(error, WriteError) or not any(words in reason for words in signs):
            raise
        raise WriteError(path, f"{reason} (most likely the disk is full)") from error


@contextmanager
def locked(path: Path, on_wait: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold a file lock during a `with` block; wait while another process holds it.

    The operating system frees the lock when its process ends for any reason. A thread that holds the lock may take it
    again.

    Args:
        path: Lock file, in a folder that exists.
        on_wait: Called once if another process holds the lock.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, is_singleton=True)
    with naming_write_errors(path):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if on_wait is not None:
                on_wait()
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def make_folder(path: Path, option: str = "--output") -> Path:
    """Create a folder, and check that files can be written to it.

    Args:
        path: Folder to create, with its parents.
        option: Command-line option for this folder, for the error message.

    Raises:
        ConfigError: If the folder cannot be created or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise ConfigError(
            f"Cannot write to the folder {path}: {error.strerror or error}. Choose another one with {option}."
        ) from error
    return path


def check_folder(path: str | Path, option: str = "--output") -> Path:
    """Check that a folder can be written to before any work is done, without creating it.

    Args:
        path: Folder to check; it need not exist.
        option: Command-line option for this folder, for the error message.

    Raises:
        ConfigError: If the folder or one of its parents is a file or read-only.
    """
    path = Path(path)
    with _naming_lookup_errors(path, option):
        nearest = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not nearest.is_dir():
        raise ConfigError(f"Cannot write to the folder {path}: {nearest} is a file. Choose another one with {option}.")
    if not os.access(nearest, os.W_OK):
        raise ConfigError(
            f"Cannot write to the folder {path}: you have no permission to write to {nearest}. Choose another one "
            f"with {option}."
        )
    return path


@contextmanager
def _naming_lookup_errors(path: Path, option: str) -> Iterator[None]:
    """Explain why a path cannot be looked up: its name is too long, or a folder on the way is closed."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"Cannot use the path {shortened(path)}: {error.strerror}. Choose another one with {option}."
        ) from error


def shortened(path: object) -> str:
    """Return a path for a message; a very long one is cut."""
    text = str(path)
    return f"{text[:80]}..." if len(text) > 80 else text


def check_output(path: str | Path, inputs: Iterable[str | Path] = (), option: str = "--output") -> Path:
    """Check that a file can be written before any work is done, without creating anything.

    Args:
        path: Output file to check.
        inputs: Input files that the output must not overwrite.
        option: Command-line option for this file, for the error message.

    Raises:
        ConfigError: If the path is a folder, a device or one of the inputs, or its folder cannot be written to.
    """
    path, ends_as_folder = Path(path), str(path).endswith(("/", os.sep))
    with _naming_lookup_errors(path, option):
        exists, is_file, is_folder = path.exists(), path.is_file(), path.is_dir()
    if is_folder or ends_as_folder:
        raise ConfigError(f"{path} is a folder. Give {option} the path of a file in it.")
    if exists and not is_file:
        raise ConfigError(f"{path} is not a regular file. Give {option} the path of a regular file.")
    for read in map(Path, inputs):
        if path.resolve() == read.resolve() or (exists and read.exists() and path.samefile(read)):
            raise ConfigError(f"{path} is an input of this command and would be overwritten. Choose another {option}.")
    check_folder(path.parent, option)
    return path
