"""The comparison on paper: CSV, Markdown, figure."""

import platform
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch

from gpicl import report
from gpicl.experiments.comparison.contests import Contest
from gpicl.experiments.comparison.figure import comparison_figure
from gpicl.experiments.comparison.scales import Scale
from gpicl.experiments.comparison.table import MEASURED
from gpicl.report import failures_section, interval_text, markdown_table


def write_page(folder: Path, table: pd.DataFrame, contests: Sequence[Contest], scale: Scale, command: str) -> None:
    """Write `comparison.csv`, `.md`, `.png` and `.pdf`.

    Args:
        folder: Where to.
        table: See `comparison_table`.
        contests: Those that are in the table.
        scale: Says what was meant to be done.
        command: What the user typed.
    """
    figure = comparison_figure(table, contests[0].config.test_length - 1)
    lines = _page(table, contests, scale, command)
    report.write_page(folder / "comparison.md", lines, {"comparison": table}, {"comparison": figure}, dpi=160)


def _page(table: pd.DataFrame, contests: Sequence[Contest], scale: Scale, command: str) -> list[str]:
    length = contests[0].config.test_length
    threads = f"{torch.get_num_threads()} threads"
    failed = table[table["failure"].notna()].drop_duplicates("learner")
    return [
        f"# Comparison: accuracy after {length - 1} examples",
        "",
        f"Made by `{command}` on {platform.machine()}, {threads}, torch {torch.__version__}.",
        f"Meta-trained on {scale.data}; {scale.episodes:,} episodes of unseen tasks per data set and seed.",
        "",
        _accuracies(table),
        "",
        "Per cent, with 95 % intervals. Each seed has weights, tasks and episodes of its own, and all learners",
        "answer the same episodes of a seed. Intervals over several seeds are Student's t, of one seed Wilson's",
        "over its episodes; both allow for the finite number of test images, as if each were known always or",
        "never. *Italics: what others report* (paper: arXiv 2212.04458, 32x32x3, mean of 3 seeds; earlier",
        "reproduction: Lerostre/gpicl).",
        "",
        "![Accuracies of all learners](comparison.png)",
        "",
        "## What they cost",
        "",
        _costs(table),
        "",
        "Milliseconds are the median time to predict one label from the examples before it, one episode at a",
        "time, a classical learner's fit included. The state is what carries the past from one example to the",
        "next, counted in numbers.",
        *failures_section({str(row["learner"]): row["failure"] for _, row in failed.iterrows()}),
    ]


def _accuracies(table: pd.DataFrame) -> str:
    datasets = list(dict.fromkeys(table["dataset"]))
    rows = []
    for (learner, source), found in table.groupby(["learner", "source"], sort=False):
        cells = found.set_index("dataset")
        own = source == MEASURED
        texts = [_accuracy(cells.loc[name]) if name in cells.index else "" for name in datasets]
        seeds = f"{cells['seeds'].iloc[0]:.0f}" if own else ""
        name = str(learner) if own else f"*{source}*"
        rows.append([name, *(text if own or not text else f"*{text}*" for text in texts), seeds])
    return markdown_table(["learner", *datasets, "seeds"], rows)


def _accuracy(row: pd.Series) -> str:
    if pd.isna(row["accuracy"]):
        return "failed" if isinstance(row.get("failure"), str) else ""
    if pd.isna(row["low"]):
        return f"{100 * row['accuracy']:.1f}"
    return interval_text(row["accuracy"], row["low"], row["high"])


def _costs(table: pd.DataFrame) -> str:
    own = table[table["source"] == MEASURED].drop_duplicates("learner")
    rows = [
        [
            str(row["learner"]),
            f"{row['size']:.0f}x{row['size']:.0f}x{row['channels']:.0f}",
            *(_number(row.get(key), digits) for key, digits in _COLUMNS.values()),
        ]
        for _, row in own.iterrows()
    ]
    return markdown_table(["learner", "images", *_COLUMNS], rows)


_COLUMNS = {
    "features": ("features", 0),
    "parameters": ("parameters", 0),
    "state": ("state_size", 0),
    "steps": ("steps", 0),
    "minutes of meta-training": ("minutes", 1),
    "ms per prediction": ("milliseconds", 2),
}


def _number(value: float | int | None, digits: int) -> str:
    return "" if value is None or pd.isna(value) else f"{value:,.{digits}f}"
