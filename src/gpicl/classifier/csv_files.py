"""Classification of CSV files, for `gpicl classify`."""

import csv
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from gpicl.classifier.estimator import InContextClassifier
from gpicl.classifier.values import Plain, number, printed, same_in_other_types, stands_for_missing
from gpicl.errors import ClassifierError, DataError, GpiclError
from gpicl.files import check_output, make_folder, write_atomically

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class Outcome(NamedTuple):
    """Summary of the predictions.

    Attributes:
        accuracy: Share of right predictions among the test rows that have the target; None if no row has it.
        labelled: Number of test rows that have the target.
        ignored: Columns of the test file that the training file does not have.
    """

    accuracy: float | None
    labelled: int
    ignored: list[str]


def classify_files(classifier: InContextClassifier, train: Path, test: Path, target: str, output: Path) -> Outcome:
    """Fit a classifier to the rows of one file and write its predictions for the rows of another.

    Values may be separated by commas, semicolons (then decimal commas are accepted too), tabs or bars. Empty cells of
    the target are missing; words such as `NA` and `None` are classes, except among numbers. The output is separated
    by commas and has one row per row of `test`, in the same order: `prediction`, and `probability_CLASS` for every
    class.

    Args:
        classifier: The classifier, which is fitted.
        train: CSV file with a header, and the target in one column.
        test: CSV file with the other columns; if it has the target too, the accuracy is computed.
        target: Name of the column to predict.
        output: File to write.

    Raises:
        ConfigError: If the output is a folder or one of the inputs, or cannot be written.
        DataError: If a file or a column is missing, or a file cannot be read or has no rows.
        ClassifierError: If the classifier does not accept the contents of the files.
    """
    check_output(output, [train, test])
    known = _read(train, target)
    if target not in known:
        raise DataError(f"{train} has no column {target!r} to predict. {_columns_of(known)}")
    # A text column of one file stays text in the other, even if all its values could be read as numbers.
    asked = _read(test, target, [name for name in known.columns if not is_numeric_dtype(known[name])])
    labels = _labels(known[target])
    unlabelled = int(pd.isna(labels).sum())
    if unlabelled:
        raise DataError(
            f"{train}: {unlabelled:,} of {len(known):,} rows have no {target}. Remove them, or move them to {test}."
        )
    if len(np.unique(labels)) < 2:
        raise DataError(f"{train}: every row has the same {target}, {labels[0]!r}. Add rows of another class.")
    columns = [name for name in known.columns if name != target]
    if not columns:
        raise DataError(f"{train} has only the column {target!r}. Add columns to predict it from.")
    missing = [name for name in columns if name not in asked]
    if missing:
        raise DataError(
            f"{test} lacks columns that {train} has: {', '.join(missing)}. {_columns_of(asked)} "
            "Both files need the same columns, in any order; the target may be missing."
        )
    make_folder(output.parent)
    try:
        classifier.fit(known[columns], labels)
        probabilities = classifier.predict_proba(asked[columns])
    except GpiclError:
        raise
    except ValueError as error:  # from scikit-learn, such as for a continuous target
        raise ClassifierError(f"{train}, {test}: {error}") from error
    predictions = classifier.classes_[probabilities.argmax(1)]
    table = pd.DataFrame(probabilities, columns=[f"probability_{name}" for name in classifier.classes_])
    table.insert(0, "prediction", predictions)
    write_atomically(output, partial(table.to_csv, index=False))
    right = _right(predictions, asked[target].tolist(), classifier.classes_) if target in asked else []
    return Outcome(
        float(np.mean(right)) if right else None, len(right), [name for name in asked.columns if name not in known]
    )


def _read(path: Path, target: str, texts: Sequence[str] = ()) -> pd.DataFrame:
    """Read a file, with the target as unchanged text."""
    try:
        separator = _separator(path)
        table = _read_separated(path, separator, ".", target, texts)
        if separator == ";":
            other = _read_separated(path, separator, ",", target, texts)
            table = other if _count_numeric(other) > _count_numeric(table) else table
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}. Give the path of a CSV file with a header.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"Cannot read {path}: {str(error).strip()}. Save it as CSV in UTF-8, with a header.") from error
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise DataError(f"Cannot read {path}: {str(error).strip()}. Give a CSV file with a header.") from error
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes the values without a name for row names
        raise DataError(
            f"{path}: its rows have more values than the header has names. Remove separators at the end of rows, or "
            "give every column a name."
        )
    if table.empty:
        raise DataError(f"{path} has no rows. Give a CSV file with a header and at least one row.")
    return table


def _read_separated(path: Path, separator: str, decimal: str, target: str, texts: Sequence[str]) -> pd.DataFrame:
    types = {name: str for name in texts if name != target}
    table = pd.read_csv(path, sep=separator, decimal=decimal, dtype=types, low_memory=False)
    if target in table:
        # Read again, so that words for missing values are not replaced.
        labels = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, usecols=[target])
        table[target] = labels[target].str.strip().to_numpy(dtype=object)
    return table


def _separator(path: Path) -> str:
    """The separator that splits the header into most names; a comma if none does."""
    # Read with pandas because it handles compressed files and byte order marks.
    lines = pd.read_csv(path, sep="\0", header=None, nrows=1, dtype=str, quoting=csv.QUOTE_NONE, keep_default_na=False)
    header = str(lines.iloc[0, 0])
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(_SEPARATORS, key=unquoted.count)


def _count_numeric(table: pd.DataFrame) -> int:
    return sum(is_numeric_dtype(dtype) for dtype in table.dtypes)


def _labels(texts: pd.Series) -> np.ndarray:
    """Classes, as numbers if all of them are; None where a label is missing."""
    labels: list[Plain | None] = [text or None for text in texts]
    numbers = [number(text) for text in labels if text is not None and not stands_for_missing(text)]
    if not numbers or None in numbers or any(re.match(r"[+-]?0\d|true|false", text, re.IGNORECASE) for text in texts):
        return np.array(labels, dtype=object)
    whole = all(re.fullmatch(r"[+-]?\d+", str(text)) for text in labels if text and not stands_for_missing(text))
    kind = int if whole else float
    values = [None if text is None or stands_for_missing(text) else kind(str(text)) for text in labels]
    return np.array(values, dtype=object) if None in values else np.array(values)


def _right(predictions: np.ndarray, texts: list[str], classes: np.ndarray) -> list[bool]:
    """Whether each prediction is right, for the rows that have a label."""
    names = {same_in_other_types(printed(name)) for name in classes.tolist()}
    right = []
    for prediction, text in zip(predictions.tolist(), texts, strict=True):
        label = same_in_other_types(text)
        if text and (label in names or not stands_for_missing(text)):
            right.append(same_in_other_types(printed(prediction)) == label)
    return right


def _columns_of(table: pd.DataFrame) -> str:
    columns = f"Its columns: {', '.join(map(str, table.columns))}."
    if len(table.columns) > 1:
        return columns
    return f"{columns} Columns may be separated by {', '.join(_SEPARATORS.values())}; the header decides which."
