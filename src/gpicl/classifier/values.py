"""Single values of a table: which of them are numbers, dates or truth values, and how they print."""

import math
import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

Plain = bool | int | float | str
"""What a value that is neither missing nor a date is stored as."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TRUTH = {"true": True, "false": False}
# Words that stand for a value that is missing, in lower case: those of pandas, and those of other programs.
_MISSING = {
    "", "?", "-", "--", ".", "#n/a", "#na", "<na>", "n/a", "na", "nan", "-nan", "nat", "nil", "none", "null", "missing",
    "unknown",
}  # fmt: skip
_EPOCH = datetime(1970, 1, 1)  # dates without a time zone count as UTC
_DAY = timedelta(days=1)


def plain_value(value: Any) -> Plain:
    """Store a value as a truth value, a number or text.

    Args:
        value: Anything that is hashable and not missing.

    Raises:
        TypeError: If it is not hashable, as lists and dicts are not.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real | Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    try:
        hash(value)
    except TypeError as error:
        raise TypeError(f"{value!r:.60}, of type {type(value).__name__}") from error
    return str(value)


def days(value: Any) -> float | None:
    """Return a date, a time or a duration in days; dates count from 1970 in UTC, times from midnight.

    Args:
        value: Anything.

    Returns:
        None if it is none of these.
    """
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, np.timedelta64):
        value = pd.Timedelta(value)
    if isinstance(value, pd.Period):
        value = value.start_time
    if isinstance(value, datetime):
        # pandas' own type knows nanoseconds, which are below what a float can tell.
        plain = value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value
        return ((plain.astimezone(timezone.utc).replace(tzinfo=None) if plain.tzinfo else plain) - _EPOCH) / _DAY
    if isinstance(value, date):
        return float((value - _EPOCH.date()).days)
    if isinstance(value, time):
        return (datetime.combine(_EPOCH, value.replace(tzinfo=None)) - _EPOCH) / _DAY
    return value / _DAY if isinstance(value, timedelta) else None


def number(value: Plain) -> float | None:
    """Read a number.

    Args:
        value: A truth value and text such as `"-1.5e3"` or `"True"` are numbers too.

    Returns:
        None if it is none.
    """
    if not isinstance(value, str):
        return float(value)
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    truth = _TRUTH.get(text.lower())
    return None if truth is None else float(truth)


def stands_for_missing(value: Plain) -> bool:
    """Whether this is a word for a missing value, such as `"?"`.

    Args:
        value: The value.
    """
    return isinstance(value, str) and value.strip().lower() in _MISSING


def printed(value: Plain) -> str:
    """Print a value; a whole number is printed as one, whatever its type.

    Args:
        value: The value.
    """
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def same_in_other_types(text: str) -> str:
    """Return what texts have in common that print the same value of different types, such as `"1.0"` and `"1"`.

    Args:
        text: A printed value.
    """
    text = text.strip()
    if text.lower() in _TRUTH:
        return text.lower()
    if not _NUMBER.fullmatch(text) or not math.isfinite(value := float(text)):
        return text
    # A number in single precision has about seven digits.
    return text if text.lstrip("+-").isdigit() else str(int(value)) if value == int(value) else f"{value:.7g}"
