"""CSV files in, a CSV file of predictions out."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pandas.api.types import is_numeric_dtype

from gpicl.classifier.estimator import InContextClassifier
from gpicl.errors import ClassifierError, DataError, GpiclError
from gpicl.files import make_folder, write_atomically


class Outcome(NamedTuple):
    """What there is to say about predictions beside the file.

    Attributes:
        accuracy: Share of right predictions, where the rows to predict have the target; else None.
        ignored: Columns of these rows that the labelled rows do not have.
    """

    accuracy: float | None
    ignored: list[str]


def classify_files(classifier: InContextClassifier, train: Path, test: Path, target: str, output: Path) -> Outcome:
    """Fit a classifier to the rows of one file and write its predictions for those of another.

    The output has a row for each row of `test`, in its order: `prediction`, and `probability_CLASS` for every class.

    Args:
        classifier: Fitted here.
        train: CSV file with a header, and the target in one column.
        test: CSV file with the other columns; if it has the target too, the accuracy is counted.
        target: Name of the column to predict.
        output: File to write.

    Raises:
        DataError: If a file or a column is missing, or a file cannot be read or has no rows.
        ClassifierError: If the classifier refuses what the files hold.
    """
    known = _read(train)
    # What is text in one file stays text in the other, even where all of it could be read as numbers.
    asked = _read(test, [name for name in known.columns if not is_numeric_dtype(known[name])])
    if target not in known:
        raise DataError(f"{train} has no column {target!r} to predict. Its columns: {', '.join(known.columns)}.")
    unlabelled = int(known[target].isna().sum())
    if unlabelled:
        raise DataError(
            f"{train}: {unlabelled:,} of {len(known):,} rows have no {target}. Remove them, or move them to {test}."
        )
    columns = [name for name in known.columns if name != target]
    if not columns:
        raise DataError(f"{train} has no column but {target!r}: there is nothing to predict it from.")
    missing = [name for name in columns if name not in asked]
    if missing:
        raise DataError(
            f"{test} lacks columns that {train} has: {', '.join(missing)}. Its columns: {', '.join(asked.columns)}. "
            "Both files need the same columns, in any order; the target may be missing."
        )
    make_folder(output.parent)
    try:
        classifier.fit(known[columns], known[target])
        probabilities = classifier.predict_proba(asked[columns])
    except GpiclError:
        raise
    except ValueError as error:  # what scikit-learn refuses, such as a target that is a measurement
        raise ClassifierError(f"{train}, {test}: {error}") from error
    predictions = classifier.classes_[probabilities.argmax(1)]
    table = pd.DataFrame(probabilities, columns=[f"probability_{name}" for name in classifier.classes_])
    table.insert(0, "prediction", predictions)
    write_atomically(output, partial(table.to_csv, index=False))
    accuracy = float((predictions == asked[target].to_numpy()).mean()) if target in asked else None
    return Outcome(accuracy, [name for name in asked.columns if name not in known])


def _read(path: Path, texts: Sequence[str] = ()) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(texts, str), low_memory=False)
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}. Give the path of a CSV file with a header.") from error
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"Cannot read {path}: {str(error).strip()}. Give a CSV file with a header.") from error
    if table.empty:
        raise DataError(f"{path} has no rows. Give a CSV file with a header and at least one row.")
    return table
