"""The benchmark's page: means, ranks, wins and losses, times, and the tables on which the classifier does worst."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import sklearn
import torch
from tables import Table

from gpicl.files import write_atomically
from gpicl.metatesting import mean_interval
from gpicl.report import markdown_table

OURS = "InContextClassifier"
# Columns of `peers.csv` that are not methods.
_ABOUT = ("rows", "columns", "classes", "categorical", "missing")
# Differences below this count as a draw.
_DRAW = 0.005
_SIZES = {"rows": (200, 500), "columns": (10, 30), "classes": (2, 5)}
# Used if all tables have more rows than the larger limit above.
_MANY_ROWS = (2000, 4000)
_MOST_OF_SMALL = 1000  # rows that the classifier reads without a warning


def write_page(
    folder: Path,
    trials: pd.DataFrame,
    tables: Sequence[Table],
    peers: pd.DataFrame | None,
    command: str,
    machine: str,
    folds: str,
) -> None:
    """Write `README.md` from the trials.

    Args:
        folder: Folder of the page.
        trials: All trials; those of tables that are not in `tables` are ignored.
        tables: The tables.
        peers: Published figures of other methods; see `load_peers`.
        command: Command that ran the trials.
        machine: Description of the machine.
        folds: Description of the folds.
    """
    trials = trials[trials["table"].isin([table.name for table in tables])]
    sizes = pd.DataFrame([_size(table) for table in tables]).set_index("table")
    ours = trials.pivot_table(index="table", columns="method", values="average_precision", sort=False)
    measured = list(dict.fromkeys(trials["method"]))
    others = _published(peers, ours.index)
    precision = ours[measured].join(others)
    tuned, source = "No method is tuned.", []
    if len(others.columns):
        tuned = "Methods in *italics* were run by others, and most of them were tuned; the other methods are not tuned."
        source = ["Figures in *italics* come from `peers.csv`; nested cross-validation tuned most of them."]
    ahead = f"*Ahead*: precision of `{OURS}` minus the method's, mean over tables with a 95 % interval (Student's t)."
    lines = [
        f"# Classifiers on {'larger' if sizes['rows'].min() > _MOST_OF_SMALL else 'small'} tables",
        "",
        *([_standing(precision)] if OURS in measured else []),
        f"Average precision on {len(tables)} tables of {sizes['rows'].min():,} to {sizes['rows'].max():,} rows.",
        tuned,
        "",
        "## Means and mean ranks",
        "",
        "Ranks are among all methods that have a figure for every table; 1 is best.",
        *([ahead] if OURS in measured else []),
        "",
        _means(precision, trials, measured),
        "",
        *(_with_gaps(precision) if OURS in measured else []),
    ]
    if OURS in measured:
        lines += ["## Wins and losses of `InContextClassifier`", "", *_contests(precision, sizes), ""]
        lines += ["## The ten tables on which it is farthest behind the best", "", _worst(precision, sizes), ""]
    lines += ["## Average precision of every table", "", _all(precision, sizes, measured), ""]
    lines += [
        "## How it was measured",
        "",
        f"    {command}",
        "",
        folds,
        "Average precision is the mean over one-against-rest problems, weighted by class frequency.",
        "For two classes, it is that of class 1.",
        *source,
        "`trials.csv` has every trial.",
        f"Machine: {machine}; torch {torch.__version__}, scikit-learn {sklearn.__version__}; one thread.",
        "",
    ]
    text = "\n".join(lines)
    write_atomically(folder / "README.md", lambda part: part.write_text(text))


def _size(table: Table) -> dict[str, object]:
    rows, columns = table.features.shape
    return {"table": table.name, "rows": rows, "columns": columns, "classes": len(set(table.classes.tolist()))}


def _published(peers: pd.DataFrame | None, names: pd.Index) -> pd.DataFrame:
    """Published figures of other methods, with their names in italics."""
    if peers is None:
        return pd.DataFrame(index=names)
    methods = [column for column in peers.columns if column not in _ABOUT]
    return peers.reindex(names)[methods].rename(columns={name: f"*{name}*" for name in methods})


def _standing(precision: pd.DataFrame) -> str:
    """The place of `InContextClassifier` among the methods, as a sentence."""
    ranks = _mean_ranks(precision.dropna(axis=1)).sort_values()
    better = ranks[ranks < ranks[OURS]]
    if better.empty:
        return f"`{OURS}` has the best mean rank of {len(ranks)} methods: {ranks[OURS]:.1f}."
    named = ", ".join(f"{method} ({rank:.1f})" for method, rank in better.items())
    place = f"number {len(better) + 1} of {len(ranks)} methods by mean rank ({ranks[OURS]:.1f})"
    return f"`{OURS}` is {place}, behind {named}."


def _mean_ranks(complete: pd.DataFrame) -> "pd.Series[float]":
    return complete.rank(axis=1, ascending=False).mean()


def _means(precision: pd.DataFrame, trials: pd.DataFrame, measured: list[str]) -> str:
    complete = precision.dropna(axis=1)
    ranks = _mean_ranks(complete)
    scores = trials.groupby("method")[["accuracy", "log_loss", "fit_seconds", "predict_seconds"]].mean()
    slowest = trials.groupby("method")["fit_seconds"].max()
    rows = []
    for method, mean in complete.mean().sort_values(ascending=False).items():
        row = [f"**{method}**" if method == OURS else str(method), f"{mean:.4f}", f"{ranks[method]:.2f}"]
        if OURS in measured:
            row.append("" if method == OURS else _ahead(complete[OURS] - complete[method]))
        if method in measured:
            of_method = scores.loc[method]
            row += [f"{of_method['accuracy']:.3f}", f"{of_method['log_loss']:.3f}", f"{of_method['fit_seconds']:.2f}"]
            row += [f"{slowest[method]:.1f}", f"{of_method['predict_seconds']:.2f}"]
        else:
            row += [""] * 5
        rows.append(row)
    ahead = ["ahead"] if OURS in measured else []
    columns = ["method", "average precision", "mean rank", *ahead, "accuracy", "log loss", "fit, s", "slowest fit, s"]
    return markdown_table([*columns, "predict a fold, s"], rows)


def _with_gaps(precision: pd.DataFrame) -> list[str]:
    """Compare methods that lack a figure for some tables, on the others."""
    lines = []
    for method in precision.columns[precision.isna().any()]:
        both = precision[[OURS, method]].dropna()
        if len(both) < 2:
            continue
        means = both.mean()
        lines.append(
            f"{method} has figures for {len(both)} of the {len(precision)} tables: there its mean is "
            f"{means[method]:.4f}, and that of `{OURS}` {means[OURS]:.4f} ({_ahead(both[OURS] - both[method])})."
        )
    return [*lines, ""] if lines else []


def _ahead(differences: pd.Series) -> str:
    low, high = mean_interval(differences.to_numpy())
    return f"{(low + high) / 2:+.3f} ± {(high - low) / 2:.3f}"


def _contests(precision: pd.DataFrame, sizes: pd.DataFrame) -> list[str]:
    """Wins, draws and losses against each method, by the size of the table."""
    groups = {"all": sizes["rows"] > 0}
    for what, (low, high) in _SIZES.items():
        if what == "rows" and sizes[what].min() > high:
            low, high = _MANY_ROWS
        groups[f"{what} up to {low}"] = sizes[what] <= low
        groups[f"{what} to {high}"] = (sizes[what] > low) & (sizes[what] <= high)
        groups[f"more {what}"] = sizes[what] > high
    rivals = [method for method in precision.dropna(axis=1).columns if method != OURS]
    rows = []
    for name, chosen in groups.items():
        names = sizes.index[chosen]
        row = [name, str(len(names))]
        for rival in rivals:
            ahead = precision.loc[names, OURS] - precision.loc[names, rival]
            wins, losses = int((ahead > _DRAW).sum()), int((ahead < -_DRAW).sum())
            row.append(f"{wins}-{len(names) - wins - losses}-{losses}")
        rows.append(row)
    return [f"Wins, draws (within {_DRAW}) and losses.", "", markdown_table(["tables", "number", *rivals], rows)]


def _worst(precision: pd.DataFrame, sizes: pd.DataFrame) -> str:
    rivals = precision.drop(columns=OURS)
    behind = (rivals.max(axis=1) - precision[OURS]).sort_values(ascending=False).head(10)
    rows = []
    for name, difference in behind.items():
        best = str(rivals.loc[name].idxmax())
        about = [f"{sizes.loc[name, what]:,}" for what in _SIZES]
        rows.append([str(name), *about, f"{precision.loc[name, OURS]:.3f}", f"{difference:.3f}", best])
    return markdown_table(["table", *_SIZES, "average precision", "behind by", "best"], rows)


def _all(precision: pd.DataFrame, sizes: pd.DataFrame, measured: list[str]) -> str:
    shown = [*measured, *(name for name in ("*catboost*", "*tabicl*") if name in precision)]
    rows = []
    for name in precision.index:
        about = [f"{sizes.loc[name, what]:,}" for what in _SIZES]
        rows.append([str(name), *about, *(f"{precision.loc[name, method]:.3f}" for method in shown)])
    return markdown_table(["table", *_SIZES, *shown], rows)
