"""Accuracy by length of the context, far beyond that of meta-training.

    python benchmarks/long_contexts.py WEIGHTS [WEIGHTS ...] --datasets SETS --out FOLDER

The learner reads more and more examples of every unseen task and predicts the same queries. The script writes
FOLDER/long-contexts.csv and FOLDER/long-contexts.png.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from scipy.stats import sem

from gpicl.data import dataset_label, load_features
from gpicl.files import write_atomically
from gpicl.learners import Learner
from gpicl.report import COLOURS, figure_style
from gpicl.runtime import multiplies_in_bf16
from gpicl.tasks import Episodes, TaskAugmentor
from gpicl.weights import find_weights, load_weights

_CONTEXTS = (10, 20, 50, 99, 200, 500, 1000)
_QUERIES = 40
# Few, because contexts of 1,000 examples are large.
_AT_ONCE = 8
_MADE_FOR = 100


def main() -> None:
    """Measure and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="+", help="names of shipped weights, or folders of finished runs")
    parser.add_argument("--datasets", required=True, help="data sets at 14x14 grey, as given to gpicl evaluate")
    parser.add_argument("--episodes", type=int, default=64)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rows = []
    for name in options.datasets.split(","):
        features = load_features(name, "test", None, 14, 1)
        source = TaskAugmentor(features, length=max(_CONTEXTS) + _QUERIES, seed=0)
        batches = [
            source.episodes(range(first, min(first + _AT_ONCE, options.episodes)), "unseen")
            for first in range(0, options.episodes, _AT_ONCE)
        ]
        for weights in options.weights:
            learner = load_weights(find_weights(weights)).eval()
            for context in _CONTEXTS:
                right = np.concatenate([_share_right(learner, batch, context) for batch in batches])
                half = 1.96 * float(sem(right))
                row = {"dataset": dataset_label(name), "weights": weights, "context": context, "accuracy": right.mean()}
                rows.append({**row, "low": right.mean() - half, "high": right.mean() + half, "episodes": len(right)})
                print(f"{dataset_label(name):16} {weights} context {context:5} {right.mean():.1%}", flush=True)
    table = pd.DataFrame(rows)
    options.out.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out / "long-contexts.csv", partial(table.to_csv, index=False))
    write_atomically(options.out / "long-contexts.png", partial(_figure(table).savefig, dpi=160, format="png"))
    print(options.out / "long-contexts.png")


def _share_right(learner: Learner, episodes: Episodes, context: int) -> np.ndarray:
    inputs, labels = episodes
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=multiplies_in_bf16(torch.device("cpu"))):
        memory = learner.encode_memory(inputs[:, :context], labels[:, :context])
        logits = learner.query(memory, inputs[:, -_QUERIES:])
    return (logits.argmax(2) == labels[:, -_QUERIES:]).float().mean(1).numpy()


def _figure(table: pd.DataFrame) -> Figure:
    with figure_style():
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.subplots()
        styles = dict(zip(table["weights"].unique(), ("o-", "s--", "^:", "v-."), strict=False))
        colours = dict(zip(table["dataset"].unique(), COLOURS, strict=False))
        for (dataset, weights), rows in table.groupby(["dataset", "weights"], sort=False):
            style = {"color": colours[dataset], "ms": 3, "label": f"{dataset}, weights {weights}"}
            axes.plot(rows["context"], rows["accuracy"], styles.get(weights, "o-"), **style)
            axes.fill_between(
                rows["context"], rows["low"], rows["high"], color=colours[dataset], alpha=0.2, linewidth=0
            )
        axes.axvline(_MADE_FOR, color="#999999", linestyle=":", label="longest context of meta-training")
        axes.set(xscale="log", xlabel="examples in the context", ylabel="accuracy on unseen tasks", ylim=(0, 1))
        axes.set_xticks(_CONTEXTS, [f"{context:,}" for context in _CONTEXTS])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter("{x:.0%}")
        figure.legend(loc="outside upper center", ncols=3)
    return figure


if __name__ == "__main__":
    main()
