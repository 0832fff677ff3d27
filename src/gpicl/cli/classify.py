"""`gpicl classify`."""

import warnings
from pathlib import Path
from typing import Any

from rich.console import Console

from gpicl.cli.typed_command import in_options, run_typed_command

# Command-line option for each Python parameter.
_NAMES = {
    "n_estimators": "members",
    "large_context": "large_context",
    "max_context": "max_context",
}


def main(arguments: list[str]) -> None:
    """Run the command."""

    def classify(
        train: str,
        test: str,
        *,
        target: str,
        output: str = "predictions.csv",
        weights: str = "general",
        members: int = 4,
        large_context: str = "error",
        max_context: int = 1000,
        random_state: int = 0,
        device: str | None = None,
    ) -> None:
        """Predict the rows of one CSV file from the labelled rows of another, without training.

        Args:
            train: CSV file with the labelled rows and a header.
            test: CSV file with the rows to predict; the same columns, with or without the target.
            target: Name of the column to predict.
            output: CSV file to write, with the prediction and all probabilities for each row of test.
            weights: A shipped name (general, mnist, synthetic) or the folder of a run.
            members: Ensemble size; smaller is faster.
            large_context: What to do with more than max_context labelled rows (error, subsample, nearest).
            max_context: Maximum number of labelled rows read at once, up to 1,000.
            random_state: Random seed; the same seed gives the same probabilities.
            device: Device, such as cpu, cuda or cuda:1; the default is the GPU if there is one.
        """
        from gpicl.classifier import InContextClassifier
        from gpicl.classifier.csv_files import classify_files
        from gpicl.files import check_output
        from gpicl.runtime import find_device

        console = Console(stderr=True)

        def say(text: str) -> None:
            console.print(text, highlight=False, soft_wrap=True, markup=False)

        def show(message: Warning | str, *_: Any, **__: Any) -> None:
            say(f"Note: {in_options(str(message), _NAMES)}")

        find_device(device)
        check_output(output, [train, test])
        classifier = InContextClassifier(
            weights,
            members,
            large_context=large_context,
            max_context=max_context,
            random_state=random_state,
            device=device,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = show
            outcome = classify_files(classifier, Path(train), Path(test), target, Path(output))
        if outcome.ignored:
            say(f"Ignored columns that {train} does not have: {', '.join(outcome.ignored)}.")
        if outcome.accuracy is not None:
            say(f"Accuracy on {test}, of which {outcome.labelled:,} rows have {target}: {outcome.accuracy:.1%}")
        say(f"Predictions: {output}")

    run_typed_command(classify, arguments, renamed=_NAMES)
