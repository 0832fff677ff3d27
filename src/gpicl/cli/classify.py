"""`gpicl classify`."""

from pathlib import Path

from rich.console import Console

from gpicl.cli.typed_command import run_typed_command


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
        random_state: int = 0,
    ) -> None:
        """Predict the rows of a CSV file from the labelled rows of another, with no training.

        Args:
            train: CSV file with the labelled rows and a header.
            test: CSV file with the rows to predict; the same columns, with or without the target.
            target: Name of the column to predict.
            output: CSV file to write, a row for each row of test with the prediction and all probabilities.
            weights: A shipped name (general, mnist) or the folder of a run.
            members: Members of the ensemble; fewer are faster.
            large_context: What to do with more than 1,000 rows (error, subsample, nearest).
            random_state: Seed; the same one gives the same probabilities.
        """
        from gpicl.classifier import InContextClassifier
        from gpicl.classifier.csv_files import classify_files

        classifier = InContextClassifier(weights, members, large_context=large_context, random_state=random_state)
        outcome = classify_files(classifier, Path(train), Path(test), target, Path(output))
        console = Console(stderr=True)
        if outcome.ignored:
            console.print(
                f"Columns that {train} does not have are ignored: {', '.join(outcome.ignored)}.", markup=False
            )
        if outcome.accuracy is not None:
            console.print(f"Accuracy on {test}, which has {target}: {outcome.accuracy:.1%}", markup=False)
        console.print(f"Predictions: {output}", highlight=False, soft_wrap=True, markup=False)

    run_typed_command(classify, arguments)
