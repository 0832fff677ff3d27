"""Reference results: accuracies in per cent after 99 examples, as published or as measured by others.

They are constants because they are other people's results; this file has no results of this package.
"""

import pandas as pd

# Kirsch, Harrison, Sohl-Dickstein, Metz: General-Purpose In-Context Learning by Meta-Learning Transformers
# (arXiv 2212.04458), table 2: meta-trained on augmented MNIST 32x32x3, mean of 3 seeds.
_PAPER = {
    "SGD": (70.31, 50.78, 37.89, 100.00, 14.84, 10.16),
    "MAML": (53.71, 48.44, 36.33, 99.80, 17.38, 11.33),
    "VSML": (79.04, 68.49, 54.69, 100.00, 24.09, 17.45),
    "LSTM": (25.39, 28.12, 18.10, 58.72, 12.11, 11.07),
    "GPICL Transformer": (73.70, 62.24, 53.39, 100.00, 19.40, 14.58),
}
# Lerostre/gpicl, an earlier reproduction in PyTorch Lightning.
_EARLIER = {
    "MLP (SGD)": (37.10, 22.58, 9.68, None, 8.20, 4.92),
    "LSTM": (10.94, 9.51, 9.90, None, 10.42, 10.29),
    "GPT": (52.34, 45.83, 35.03, None, 11.46, 8.85),
}
_DATASETS = ("mnist", "fashion_mnist", "kmnist", "random", "cifar10", "svhn")

PAPER = "paper"
"""Source of the rows that the paper reports (arXiv 2212.04458)."""
EARLIER = "earlier reproduction"
"""Source of the rows of Lerostre/gpicl."""


def reference_table() -> pd.DataFrame:
    """Return the reference results with columns `source`, `learner`, `dataset`, `accuracy` (0..1, NaN if missing)."""
    return pd.DataFrame(
        [
            {"source": source, "learner": learner, "dataset": dataset, "accuracy": value and value / 100}
            for source, rows in ((PAPER, _PAPER), (EARLIER, _EARLIER))
            for learner, values in rows.items()
            for dataset, value in zip(_DATASETS, values, strict=True)
        ]
    )


def reference_name(label: str) -> str:
    """Name a data set as the sources do.

    Args:
        label: Label of a data set. The 5,000 MNIST images in the package replace the full data set where it is not
            available.
    """
    return "mnist" if label == "mnist_5k" else label


def reference_accuracies(source: str, learner: str) -> dict[str, float]:
    """Return one reference row.

    Args:
        source: `PAPER` or `EARLIER`.
        learner: Name of the learner in that source.

    Returns:
        Accuracy (0..1) by data set, for the data sets that the source reports.
    """
    table = reference_table().dropna(subset="accuracy")
    rows = table[(table["source"] == source) & (table["learner"] == learner)]
    return {str(row["dataset"]): float(row["accuracy"]) for _, row in rows.iterrows()}
