"""Files that are either whole or not there."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gpicl.errors import ConfigError, WriteError

# What the system says when a file cannot be written for a reason that the user can mend.
_MENDABLE = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENAMETOOLONG
}  # fmt: skip


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file so that a kill at any moment leaves either the old one or the new one.

    Args:
        path: The file.
        write: Writes the content to the path that it is given.
    """
    with naming_write_errors(path):
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


@contextmanager
def naming_write_errors(path: Path) -> Iterator[None]:
    """Turn what stops a file from being written into a `WriteError` that names the file.

    Args:
        path: The file.

    Raises:
        WriteError: If the disk is full, or the folder may not be written to.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _MENDABLE:
            raise
        raise WriteError(path, error.strerror or str(error)) from error
    except Exception as error:
        # torch and safetensors wrap the system's error in their own.
        reason = str(error).partition("\n")[0]
        told = ("file write failed", "PytorchStreamWriter", "I/O error", "unexpected pos", "iostream")
        if isinstance(error, WriteError) or not any(words in reason for words in told):
            raise
        raise WriteError(path, f"{reason} (most likely the disk is full)") from error


@contextmanager
def locked(path: Path, on_wait: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold a lock while a `with` statement runs; wait for it while another process holds it.

    The system frees the lock of a process that ends, however it ends. A thread that holds it may take it once more.

    Args:
        path: The lock's file, in a folder that exists.
        on_wait: Called once if it has to be waited for.
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
    """Create a folder that files will be written to.

    Args:
        path: The folder.
        option: The option of the command line that names it.

    Raises:
        ConfigError: If it cannot be created or written to.
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
    """Check that a folder can be written to, before any work is done for it, and without creating it.

    Args:
        path: The folder; it need not exist.
        option: The option of the command line that names it.

    Raises:
        ConfigError: If it, or one that it lies in, is a file, or cannot be written to.
    """
    path = Path(path)
    nearest = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not nearest.is_dir():
        raise ConfigError(f"Cannot write to the folder {path}: {nearest} is a file. Choose another one with {option}.")
    if not os.access(nearest, os.W_OK):
        raise ConfigError(
            f"Cannot write to the folder {path}: there is no permission to write to {nearest}. Choose another one with "
            f"{option}."
        )
    return path


def check_output(path: str | Path, inputs: Iterable[str | Path] = (), option: str = "--output") -> Path:
    """Check that a file can be written, before any work is done for it, and without creating anything.

    Args:
        path: The file.
        inputs: Files that are read, and that it must not replace.
        option: The option of the command line that names the file.

    Raises:
        ConfigError: If it is a folder or a device, or one of the inputs, or its folder cannot be written to.
    """
    path, ends_as_folder = Path(path), str(path).endswith(("/", os.sep))
    if path.is_dir() or ends_as_folder:
        raise ConfigError(f"{path} is a folder. Give {option} the path of a file in it.")
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path} is no ordinary file. Give {option} the path of one.")
    for read in map(Path, inputs):
        if path.resolve() == read.resolve() or (path.exists() and read.exists() and path.samefile(read)):
            raise ConfigError(f"{path} is read by this command and would be overwritten. Choose another {option}.")
    check_folder(path.parent, option)
    return path
