"""One wording for every file that cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpicl.errors import DataError


@contextmanager
def naming_damage(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a parser raises into a `DataError` that names the file.

    Args:
        path: The file being read.
        kind: What it should be.

    Raises:
        DataError: If the body raises anything but a `DataError` or a `MemoryError`.
    """
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:  # damaged bytes surface as anything from struct.error to zlib.error or KeyError
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise DataError(
            f"{path} cannot be read as {kind} ({reason}). The file is truncated, garbled or of another kind: "
            "delete it and get it again, or give another file."
        ) from error
