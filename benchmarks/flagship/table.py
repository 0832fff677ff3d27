"""The flagship's accuracies next to classical learners and published ones.

    python benchmarks/flagship/table.py RUN [RUN ...] --grey SETS --colour SETS --out FOLDER

The script reads the accuracies after 99 examples from runs that `gpicl evaluate` has meta-tested, meta-tests every
classical learner on the first episodes of the same unseen tasks, and writes FOLDER/flagship.csv and FOLDER/flagship.md.
"""

import argparse
from functools import partial
from pathlib import Path

import pandas as pd

from gpicl.data import dataset_label, load_features
from gpicl.experiments.reproduction import over_seeds
from gpicl.files import write_atomically
from gpicl.metatesting import CLASSICAL, PAPER, evaluate_classical, reference_accuracies
from gpicl.report import markdown_table, write_page
from gpicl.runtime import machine_description

_POSITION = 100
# With 3,072 features its covariance takes a second per episode.
_NOT_IN_COLOUR = ("ShrinkageLDA",)


def main() -> None:
    """Collect and measure accuracies, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path, help="folders of meta-tested runs, one per seed")
    parser.add_argument("--grey", required=True, help="data sets at 14x14 grey, as given to gpicl evaluate")
    parser.add_argument("--colour", required=True, help="data sets at 32x32x3, as given to gpicl evaluate")
    parser.add_argument("--episodes", type=int, default=4096, help="episodes of the classical learners")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    images = dict.fromkeys(options.grey.split(","), (14, 1)) | dict.fromkeys(options.colour.split(","), (32, 3))
    labels = [dataset_label(name) for name in images]
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "flagship.csv"
    table = pd.concat([_of_runs(options.runs, labels), _classical(path, images, options.episodes)])
    table = table.astype(dict.fromkeys(["position", "episodes", "features", "seed"], int))
    page = options.out / "flagship.md"
    write_page(page, _page(table, labels), {"flagship": table}, {})
    print(f"{page}\n{path}")


def _of_runs(runs: list[Path], labels: list[str]) -> pd.DataFrame:
    parts = []
    for seed, run in enumerate(runs):
        results = pd.read_csv(run / "results.csv")
        found = results[(results["position"] == _POSITION) & (results["tasks"] == "unseen")]
        found = found.drop_duplicates("dataset")  # the first test, if there are several
        lacking = set(labels) - set(found["dataset"])
        if lacking:
            raise SystemExit(f"{run} has not been meta-tested on {', '.join(sorted(lacking))}: see `gpicl evaluate`.")
        parts.append(found[found["dataset"].isin(labels)].assign(learner="flagship", run=run.name, seed=seed))
    return pd.concat(parts)


def _classical(path: Path, images: dict[str, tuple[int, int]], episodes: int) -> pd.DataFrame:
    """Fit the classical learners that an earlier call has not; each result is saved at once."""
    table = pd.read_csv(path) if path.exists() else pd.DataFrame({"learner": [], "dataset": [], "episodes": []})
    table = table[table["learner"].isin(CLASSICAL) & (table["episodes"] == episodes)]
    for name, (size, channels) in images.items():
        features = load_features(name, "test", None, size, channels)
        for learner in CLASSICAL:
            label = dataset_label(name)
            done = ((table["learner"] == learner) & (table["dataset"] == label)).any()
            if done or (channels == 3 and learner in _NOT_IN_COLOUR):
                continue
            part = evaluate_classical(learner, {label: features}, positions=(_POSITION,), episodes=episodes)
            print(f"{learner:20} {label:20} {part['accuracy'].iloc[0]:.1%}", flush=True)
            table = pd.concat([table, part.assign(learner=learner, run="", seed=0)])
            write_atomically(path, partial(table.to_csv, index=False))
    return table


def _page(table: pd.DataFrame, labels: list[str]) -> list[str]:
    means = over_seeds(table, ["learner", "dataset"])
    rows = [
        [learner, *(_cell(means[(means["learner"] == learner) & (means["dataset"] == label)]) for label in labels)]
        for learner in ("flagship", *CLASSICAL)
    ]
    seeds = table[table["learner"] == "flagship"]
    rows[1:1] = [
        [f"seed {seed}", *(_cell(group[group["dataset"] == label]) for label in labels)]
        for seed, group in seeds.groupby("seed")
    ]
    for learner in ("VSML", "GPICL Transformer"):
        known = reference_accuracies(PAPER, learner)
        cells = [f"*{100 * known[label.partition('_32')[0]]:.1f}*" for label in labels]
        rows.append([f"*{learner}, {PAPER}*", *cells])
    counts = table.groupby("learner")["episodes"].max()
    return [
        f"Accuracy after 99 examples of unseen tasks, per cent. Machine: {machine_description()}. The first row is "
        f"the mean of the seeds with its 95 % interval by Student's t; other intervals are Wilson's over "
        f"{counts['flagship']:,} episodes (seeds) and the first {counts[next(iter(CLASSICAL))]:,} of them "
        "(classical learners). *Italics: published accuracies, at 32x32x3.*",
        "",
        markdown_table(["learner", *labels], rows),
    ]


def _cell(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "not fitted"
    accuracy, low, high = (100 * float(rows[column].iloc[0]) for column in ("accuracy", "low", "high"))
    return f"{accuracy:.1f} ({low:.1f}-{high:.1f})"


if __name__ == "__main__":
    main()
