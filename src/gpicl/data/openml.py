"""Data sets from OpenML, through scikit-learn's client."""

import socket
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from http.client import HTTPException
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from gpicl.data.cache import make_cache_folder
from gpicl.data.formats.reading import FILE_FORMATS
from gpicl.errors import DataError

_CHUNK = 4096  # rows converted at once
_TIMEOUT = 30.0  # seconds without a single byte
# Without this the client reads labels as categorical, which fails for numeric labels with pandas 3.1 or later
# (scikit-learn issue 34892).
_READ_CSV: dict[str, Any] = {"dtype": {}}


def download(
    openml_id: int, name: str, rows: int, image_shape: tuple[int, int, int], planes: bool = False
) -> tuple[UInt8[np.ndarray, "N H W C"], Int64[np.ndarray, " N"]]:
    """Download all rows of an image data set.

    The client checks the file against OpenML's md5 checksum and retries once if they differ. It works in a temporary
    folder that is removed afterwards, so an interrupted download is never reused.

    Args:
        openml_id: The data set's number at OpenML.
        name: Name used in messages.
        rows: Number of rows it must have.
        image_shape: Height, width and channels. Their product is the number of columns it must have.
        planes: True if a row holds one colour plane after the other; False if the colours of a pixel are adjacent.

    Raises:
        DataError: If the network cannot be reached, or the download is not the expected data set.
    """
    from sklearn.datasets import fetch_openml

    folder = make_cache_folder()
    try:
        with TemporaryDirectory(dir=folder, prefix=".openml-") as home, _socket_timeout(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns before every retry; only the last failure matters
            bunch = fetch_openml(
                data_id=openml_id, as_frame=False, parser="pandas", data_home=home, read_csv_kwargs=_READ_CSV
            )
    except (BadGzipFile, zlib.error, EOFError, HTTPException, ValueError, KeyError) as error:
        raise DataError(
            f"The download of data set {name!r} from openml.org is truncated or garbled ({error}). Nothing was kept. "
            f"Try again, or get its files elsewhere and give their folder as root (or as {name}=PATH)."
        ) from error
    except OSError as error:  # includes URLError, HTTPError and timeouts
        raise DataError(
            f"Data set {name!r} is not on this machine and cannot be downloaded from openml.org ({error}). Without a "
            "network use digits, mnist_5k, mnist1d or random, or get its files elsewhere and give their folder as "
            f"root (or as {name}=PATH). Accepted: {FILE_FORMATS}."
        ) from error
    height, width, channels = image_shape
    columns = height * width * channels
    if bunch.data.shape != (rows, columns):
        raise DataError(
            f"OpenML's data set {openml_id} for {name!r} has the shape {list(bunch.data.shape)}, not [{rows}, "
            f"{columns}]. It has changed; get the original files and give their folder as root (or as {name}=PATH)."
        )
    pixels = _pixels(bunch.data, name)
    labels = _label_numbers(bunch.target, name)
    return _arrange(pixels, height, width, channels, planes), labels


def _label_numbers(labels: np.ndarray, name: str) -> Int64[np.ndarray, " N"]:
    try:
        return np.array([int(float(str(label).strip("'\""))) for label in labels], np.int64)
    except ValueError as error:
        raise DataError(
            f"OpenML's labels of {name!r} are not numbers ({error}). It has changed; get the original files and give "
            f"their folder as root (or as {name}=PATH)."
        ) from error


def _pixels(rows: np.ndarray, name: str) -> UInt8[np.ndarray, "N F"]:
    pixels = np.empty(rows.shape, np.uint8)
    for first in range(0, len(rows), _CHUNK):
        part = rows[first : first + _CHUNK].astype(np.float64)
        rounded = np.rint(part)
        if not (part.min() >= 0 and part.max() <= 255 and np.array_equal(part, rounded)):
            raise DataError(
                f"OpenML's pixels of {name!r} are not whole numbers 0..255. It has changed; get the original files "
                f"and give their folder as root (or as {name}=PATH)."
            )
        pixels[first : first + _CHUNK] = rounded
    return pixels


def _arrange(pixels: np.ndarray, height: int, width: int, channels: int, planes: bool) -> UInt8[np.ndarray, "N H W C"]:
    """Reshape rows of pixels to images."""
    if not planes:
        return pixels.reshape(-1, height, width, channels)
    return np.ascontiguousarray(pixels.reshape(-1, channels, height, width).transpose(0, 2, 3, 1))


@contextmanager
def _socket_timeout() -> Iterator[None]:
    """Time out silent connections: the client itself would wait forever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT if before is None else before)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
