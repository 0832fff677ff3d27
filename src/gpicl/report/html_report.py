"""The report of a run: one self-contained HTML page."""

import base64
import html
import io
import platform
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml
from matplotlib.figure import Figure

from gpicl.files import write_atomically
from gpicl.report.tables import accuracy_rows, reference_rows, settings_that_differ

_CSS = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.6rem;margin-bottom:.2rem} h2{font-size:1.2rem;margin-top:2.2rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums} .wide{overflow-x:auto}
th,td{padding:.25rem .8rem;border-bottom:1px solid #ddd;text-align:right}
th:nth-child(-n+2),td:nth-child(-n+2){text-align:left} img{max-width:100%;height:auto}
pre{background:#f5f5f5;padding:1rem;overflow-x:auto;font-size:.85rem}
p.note{color:#555;font-size:.9rem} code{background:#f5f5f5;padding:.1rem .3rem}
"""


def write_report(
    path: Path, title: str, card: dict[str, Any], results: pd.DataFrame, command: str, **figures: Figure
) -> None:
    """Write the report of a run.

    Args:
        path: HTML file to write.
        title: Name of the run.
        card: Card of the weights.
        results: Table from `evaluate`.
        command: The user's command.
        figures: Any of `learning`, `training` and `examples`.
    """
    last = accuracy_rows(results)
    positions = sorted(set(last["position"]))
    after = f"{positions[0] - 1} examples" if len(positions) == 1 else "all examples of an episode"
    captions = {
        "learning": (
            "Learning in context",
            "Accuracy at every position of an episode, with the 95 % interval over episodes. The weights are frozen: "
            "the learner improves as it sees more labelled examples.",
        ),
        "training": ("Meta-training", "Mean loss over all positions, and accuracy over the last tenth of the episode."),
        "examples": (
            "What the learner sees",
            "Raw examples, and examples of two unseen tasks from the same data set: a random projection mixes the "
            "pixels, and the labels are permuted.",
        ),
    }
    body = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(card['learner'])}, {card.get('parameters') or 0:,} parameters, {card.get('steps') or 0:,} "
        f"steps in {(card.get('seconds') or 0) / 60:.1f} minutes of meta-training.</p>",
        f"<h2>Accuracy after {after}</h2>",
        _accuracy_table(last),
        f'<p class="note">Last position of {_episodes(last)} episodes per row, with Wilson score 95 % '
        "intervals over episodes. The intervals are for these weights and images, not for other seeds. "
        f"Unseen: a random projection and label permutation never used in meta-training. {_image_notes(last)}</p>",
        "<h2>For comparison: published results</h2>",
        _reference_table(sorted(set(last["dataset"]))),
        '<p class="note">Per cent after 99 examples, meta-trained on augmented MNIST at 32x32x3 [paper: arXiv '
        "2212.04458, mean of 3 seeds; earlier reproduction: Lerostre/gpicl]. This run's image size may differ.</p>",
    ]
    for name, (heading, caption) in captions.items():
        if name in figures:
            body += [f"<h2>{heading}</h2>", _image(figures[name], heading), f'<p class="note">{caption}</p>']
    configuration = yaml.safe_dump(card.get("meta_training", {}), sort_keys=False)
    machine = f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    body += [
        "<h2>How it was made</h2>",
        f"<p><code>{html.escape(command)}</code></p>",
        f"<p>{html.escape(machine)}; seed {_seed(card)}.</p>",
        f"<details><summary>Configuration</summary><pre>{html.escape(configuration)}</pre></details>",
    ]
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_CSS}</style></head><body>{''.join(body)}</body></html>\n"
    )
    write_atomically(path, lambda part: part.write_text(page, encoding="utf-8"))


def _image_notes(last: pd.DataFrame) -> str:
    if "on_training_images" not in last:
        return ""
    trained_on = {label: set(rows["on_training_images"]) for label, rows in last.groupby("dataset", sort=False)}
    notes = []
    held_out = [str(label) for label, found in trained_on.items() if found == {False}]
    if held_out:
        notes.append(f"Images held out from meta-training: {html.escape(', '.join(held_out))}.")
    same = [str(label) for label, found in trained_on.items() if True in found]
    if same:
        notes.append(f"The same images as in meta-training, since there are no others: {html.escape(', '.join(same))}.")
    return " ".join(notes)


def _episodes(last: pd.DataFrame) -> str:
    low, high = int(last["episodes"].min()), int(last["episodes"].max())
    return f"{high:,}" if low == high else f"{low:,} to {high:,}"


def _accuracy_table(last: pd.DataFrame) -> str:
    differ = {name: last[name] for name in settings_that_differ(last)}
    columns = {
        "data set": last["dataset"],
        "tasks": last["tasks"],
        **differ,
        "accuracy": last["accuracy"].map("{:.1%}".format),
        "95 % interval": last["low"].map("{:.1%} to ".format) + last["high"].map("{:.1%}".format),
        "loss (nats)": last["loss"].map("{:.3f}".format),
    }
    return _html(pd.DataFrame(columns))


def _reference_table(datasets: list[str]) -> str:
    table = reference_rows(datasets)
    names = [name for name in table.columns if name not in ("source", "learner")]
    return _html(pd.concat([table[["learner", "source"]], 100 * table[names]], axis=1))


def _html(table: pd.DataFrame) -> str:
    text = table.rename_axis(columns=None).to_html(index=False, border=0, na_rep="n/a", float_format="{:.2f}".format)
    return f'<div class="wide">{text}</div>'  # scrolls by itself on a narrow screen


def _image(figure: Figure, alt: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=160)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'


def _seed(card: dict[str, Any]) -> Any:
    settings = card.get("meta_training") or {}
    return (settings.get("training") or {}).get("seed", 0)
