"""The page "General-purpose", written from its cells."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from rows import ROWS

from gpicl.errors import CheckpointError
from gpicl.metatesting import load_outcomes, paired_differences, wilson_interval
from gpicl.report import markdown_table, write_page
from gpicl.weights import shipped_weights

# Data sets that are part of others.
_PART_OF = {"mnist_5k": "mnist"}
_COLUMNS = [
    *("dataset", "column", "kind", "learner", "accuracy", "low", "high", "episodes", "features", "image", "examples"),
    *("trained_on", "best_classical", "difference", "difference_low", "difference_high", "device", "seconds"),
    *("seed", "data", "weights"),
]

_OMNIGLOT = (
    "**Omniglot** is its part *background small 1*: 136 characters, 20 drawings each.",
    "Every task draws ten of the characters.",
    "The 100 examples are drawn without repetition from their 200 drawings, so the context holds about ten of each",
    "character, not exactly ten.",
    "This is not the usual five-way or twenty-way Omniglot with one or five examples per class.",
    "",
)

# How the columns that are no shipped weights were meta-trained.
_RUNS = {
    "value": "gpicl train --config value-flagship --learner.options.width 128 --learner.options.heads 4 "
    "--training.batch 64 --training.steps 8000 --threads 1",
    "vsml": "gpicl train --config vsml --data.dataset mnist --threads 1",
}


def write_results(cells: Path, out: Path) -> None:
    """Write `README.md` and `general-purpose.csv`.

    Args:
        cells: Folder of the cells: one folder per column with one file per data set.
        out: Folder of the page.

    Raises:
        CheckpointError: If there are no cells, or a cell cannot be read.
    """
    table = _compared(_gathered(cells), cells)
    write_page(out / "README.md", _page(table, cells), {"general-purpose": table[_COLUMNS]}, {})


def _gathered(cells: Path) -> pd.DataFrame:
    folders = sorted((path for path in cells.glob("*") if any(path.glob("*.npz"))), key=_order)
    if not folders:
        raise CheckpointError(f"There are no cells in {cells}. Give --weights and leave out --page.")
    parts = [load_outcomes(folder).assign(column=folder.name) for folder in folders]
    table = pd.concat(parts, ignore_index=True)
    intervals = [wilson_interval(np.array([right.sum()]), len(right)) for right in table["right"]]
    table["accuracy"] = [right.mean() for right in table["right"]]
    table["low"], table["high"] = ([float(ends[i][0]) for ends in intervals] for i in (0, 1))
    table["shorter"] = table["episodes"] < table["episodes"].max()
    order = {row: place for place, row in enumerate(ROWS)}
    return table.sort_values("dataset", key=lambda rows: rows.map(order), kind="stable", ignore_index=True)


def _order(folder: Path) -> tuple[int, str]:
    first = ("mnist", "synthetic", "general", "value", "vsml")
    return (first.index(folder.name) if folder.name in first else len(first), folder.name)


def _compared(table: pd.DataFrame, cells: Path) -> pd.DataFrame:
    """Add the best classical learner of every data set, and the difference of the weights to it."""
    classical = table[table["kind"] == "classical"]
    best = classical.sort_values("accuracy", kind="stable").groupby("dataset")["column"].last()
    table = table.assign(best_classical=table["dataset"].map(best))
    names = {"difference": float("nan"), "difference_low": float("nan"), "difference_high": float("nan")}
    table = table.assign(**names)
    for i, row in table[table["kind"] == "weights"].iterrows():
        if isinstance(row["best_classical"], str):
            table.loc[i, list(names)] = _difference(cells, row["column"], row["best_classical"], row["dataset"])
    return table


def _difference(cells: Path, first: str, second: str, dataset: str) -> list[float]:
    pairs = paired_differences(cells / first, cells / second)
    pair = pairs[pairs["dataset"] == dataset].iloc[0]
    return [float(pair[name]) for name in ("difference", "low", "high")]


def _page(table: pd.DataFrame, cells: Path) -> list[str]:
    weights = table[table["kind"] == "weights"]
    columns = list(dict.fromkeys(weights["column"]))
    rows = [row for row in ROWS if row in set(table["dataset"])]
    untouched = [row for row in rows if ROWS[row].untouched]
    shipped = shipped_weights()
    given = " ".join(column if column in shipped else f"{column}=RUN" for column in columns)
    episodes = f"{table['episodes'].max():,}"
    return [
        "# General-purpose: one set of weights, many data sets",
        "",
        "What accuracy do the same weights reach on every data set after 99 labelled examples, without training on it,",
        "compared with the best classical learner that is fitted to the same examples?",
        "",
        *(_verdict(weights[weights["column"] == column]) for column in columns),
        *_pair(weights, cells, untouched),
        "",
        f"    python benchmarks/general_purpose/run.py --weights {given} --data NAME=FILE ... --out FOLDER",
        "",
        "Accuracy, per cent, with 95 % intervals over episodes of these test images (Wilson). "
        f"{episodes} episodes of unseen tasks per cell, position 100, one query each.",
        "",
        markdown_table(["", *columns, "best classical learner"], [_row(table, columns, row) for row in rows]),
        "",
        "† Meta-training used training images of this data set; these are test images.",
        "‡ Images are projected to the number of features that the learner reads, fewer than their pixels.",
        *_shorter(table),
        "",
        "[general-purpose.csv](general-purpose.csv) has every cell, every classical learner, and the difference to the",
        "best one on the same episodes with its 95 % interval.",
        "",
        "## Which data sets were used before",
        "",
        "All choices were made on MNIST, Fashion-MNIST and digits.",
        "KMNIST and CIFAR-10 were used by the prototypes that chose the widenings.",
        "Kannada-MNIST, Dig-MNIST and Omniglot are untouched: "
        + ("this table is the first test on them." if untouched else "they are kept for a later test."),
        "",
        "## Episodes",
        "",
        "An episode is 100 examples of ten classes under a new random projection and permutation of labels.",
        "The learner reads 99 and predicts the label of the last.",
        "Examples are drawn at random, not balanced by class.",
        "Images are resized to 14x14 and made grey, except in the row that says otherwise.",
        f"Test examples: {_examples(table, rows)}.",
        "",
        *(_OMNIGLOT if "omniglot" in rows else ()),
        "**The classical learners** are fitted again in every episode: 1-nearest neighbour, five nearest by cosine,",
        "logistic regression, linear and RBF support vector machines, and linear discriminant analysis with shrinkage.",
        *_unfitted(table, rows),
        "The best one is chosen by the accuracy shown, which favours it.",
        "",
        "## The weights",
        "",
        markdown_table(["column", "learner", "meta-trained on", "device of this test"], _cards(weights), numbers=False),
        *_runs(columns),
    ]


def _unfitted(table: pd.DataFrame, rows: list[str]) -> list[str]:
    """Name the classical learners that were not fitted on some data sets, or on fewer episodes."""
    classical = table[table["kind"] == "classical"]
    lines = []
    for name, cells in classical.groupby("column"):
        missing = [ROWS[row].title for row in rows if row not in set(cells["dataset"])]
        if missing:
            lines.append(f"{name} was not fitted on {', '.join(missing)}.")
        for count, shorter in cells[cells["shorter"]].groupby("episodes"):
            titles = ", ".join(ROWS[row].title for row in rows if row in set(shorter["dataset"]))
            lines.append(f"{name} was fitted on the first {count:,} episodes of {titles}.")
    return lines


def _shorter(table: pd.DataFrame) -> list[str]:
    shown = table[(table["kind"] == "weights") | (table["column"] == table["best_classical"])]
    counts = sorted(set(shown[shown["shorter"]]["episodes"]))
    return [f"§ Only the first {' or '.join(f'{count:,}' for count in counts)} episodes."] if counts else []


def _examples(table: pd.DataFrame, rows: list[str]) -> str:
    counts = table.groupby("dataset")["examples"].first()
    return ", ".join(f"{ROWS[row].title.partition(',')[0]} {counts[row]:,}" for row in rows if ROWS[row].channels == 1)


def _row(table: pd.DataFrame, columns: list[str], row: str) -> list[str]:
    of_row = table[table["dataset"] == row]
    best = of_row[of_row["column"] == of_row["best_classical"]]
    cells = [_cell(of_row[of_row["column"] == column], row) for column in columns]
    name = f" {best['column'].iloc[0]}" if len(best) else ""
    return [ROWS[row].title, *cells, _cell(best, row) + name]


def _cell(rows: pd.DataFrame, row: str) -> str:
    if rows.empty:
        return "not measured"
    cell = rows.iloc[0]
    accuracy, low, high = (100 * float(cell[name]) for name in ("accuracy", "low", "high"))
    marks = "†" if _family(ROWS[row].source) in map(_family, str(cell["trained_on"]).split("+")) else ""
    marks += "‡" if cell["features"] < math.prod(int(side) for side in cell["image"].split("x")) else ""
    marks += "§" if cell["shorter"] else ""
    return f"{accuracy:.1f} ({low:.1f}-{high:.1f}){marks}"


def _family(dataset: str) -> str:
    return _PART_OF.get(dataset, dataset)


def _verdict(rows: pd.DataFrame) -> str:
    column, compared = rows["column"].iloc[0], rows.dropna(subset=["difference"])
    if compared.empty:
        return f"- `{column}`: no classical learner was fitted."
    clearly, below = compared[compared["difference_low"] > 0], compared[compared["difference"] <= 0]
    text = (
        f"- **`{column}`** is above the best classical learner on {len(compared) - len(below)} of {len(compared)} data "
        f"sets, on {len(clearly)} of them clearly (the interval of the difference on the same episodes is above zero)."
    )
    return text + (f" It is not on {_differences(below, 'difference')}." if len(below) else "")


def _differences(rows: pd.DataFrame, name: str) -> str:
    return ", ".join(
        f"{ROWS[row['dataset']].title} ({100 * row[name]:+.1f} points, {100 * row['difference_low']:+.1f} to "
        f"{100 * row['difference_high']:+.1f})"
        for _, row in rows.iterrows()
    )


def _pair(weights: pd.DataFrame, cells: Path, untouched: list[str]) -> list[str]:
    """Compare `general` with `synthetic` on the untouched data sets."""
    has: Mapping[str, set[str]] = {
        column: set(weights[weights["column"] == column]["dataset"]) for column in ("general", "synthetic")
    }
    shared = [row for row in untouched if row in has["general"] & has["synthetic"]]
    if not shared:
        return []
    found = [_difference(cells, "general", "synthetic", row) for row in shared]
    names = ["difference", "difference_low", "difference_high"]
    rows = pd.DataFrame(found, columns=names).assign(dataset=shared)
    return [f"- `general` minus `synthetic` on the untouched data sets: {_differences(rows, 'difference')}."]


def _runs(columns: list[str]) -> list[str]:
    runs = {column: _RUNS[column] for column in columns if column in _RUNS}
    if not runs:
        return []
    width = max(map(len, runs.values()))
    commands = [f"    {command:<{width}}    # {column}" for column, command in runs.items()]
    return ["", "Columns that are no shipped weights are runs:", "", *commands]


def _cards(weights: pd.DataFrame) -> list[list[str]]:
    return [
        [
            f"`{column}`",
            str(rows["learner"].iloc[0]),
            str(rows["trained_on"].iloc[0]),
            "; ".join(rows["device"].unique()),
        ]
        for column, rows in weights.groupby("column", sort=False)
    ]
