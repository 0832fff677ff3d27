"""What the embeddings show."""

import pandas as pd

from gpicl.experiments.embeddings.kinds import PIXELS
from gpicl.experiments.reproduction import Finding, Settings, over_seeds

_PLACES = (11, None)
_RULE = (
    "accuracy on unseen tasks of held-out images; mean and 95 % interval over seeds (Student's t), over episodes "
    "(Wilson) if there is one seed. Better than pixels: the interval lies above that of the pixels."
)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say what each kind of features gives after ten examples and after all, and whether that is more than pixels give.

    Args:
        table: Accuracies at every position.
        settings: Not used.
    """
    last = int(table["position"].max())
    found = []
    for dataset in dict.fromkeys(table["dataset"]):
        for place in _PLACES:
            position = min(place or last, last)
            rows = table[(table["dataset"] == dataset) & (table["position"] == position)]
            found.append(_at(str(dataset), position, over_seeds(rows, ["features"])))
    return found


def _at(dataset: str, position: int, means: pd.DataFrame) -> Finding:
    rows = {row["features"]: row for _, row in means.iterrows()}
    pixels = rows.get(PIXELS)
    parts, better = [], []
    for kind, row in rows.items():
        parts.append(f"{kind} {row['accuracy']:.1%} ({row['low']:.1%} to {row['high']:.1%})")
        if pixels is not None and row["low"] > pixels["high"]:
            better.append(str(kind))
    if pixels is None:
        return Finding(f"On {dataset}, after {position - 1} examples?", "; ".join(parts), _RULE)
    verdict = f". Better than pixels: {', '.join(better) or 'none'}"
    paper = "pretrained embeddings learn from fewer examples"
    return Finding(
        f"On {dataset}, after {position - 1} examples?", "; ".join(parts) + verdict, _RULE, paper, bool(better)
    )
