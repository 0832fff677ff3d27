"""What the learning curve shows."""

import pandas as pd

from gpicl.experiments.learning_curve.grid import SOURCES
from gpicl.experiments.reproduction import Finding, Settings, over_seeds
from gpicl.metatesting import PAPER, reference_accuracies

_CROSSING = 0.58
_END = (
    "accuracy at the last position on unseen tasks of held-out images; mean and 95 % interval over seeds (Student's "
    "t), over episodes (Wilson) if there is one seed. Agrees with the paper if the interval reaches the paper's "
    "figure or lies above it."
)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say where each curve ends, whether both crossings end high, and whether the curves rise.

    Args:
        table: Accuracies at every position.
        settings: Say what the data sets are called.
    """
    last = table[table["position"] == table["position"].max()]
    means = over_seeds(last, ["trained_on", "dataset"])
    ends = {(row["trained_on"], row["dataset"]): row for _, row in means.iterrows()}
    published = reference_accuracies(PAPER, "GPICL Transformer")
    found = []
    for trained in SOURCES:
        for tested in SOURCES:
            end = ends.get((settings.label(trained), settings.label(tested)))
            if end is None:  # its runs failed
                continue
            question = f"Meta-trained on {settings.label(trained)}, tested on {settings.label(tested)}?"
            text = f"{end['accuracy']:.1%} ({end['low']:.1%} to {end['high']:.1%})"
            known = trained == "mnist"
            paper_text = f"{published[tested]:.1%}" if known else ""
            found.append(
                Finding(question, text, _END, paper_text, bool(end["high"] >= published[tested]) if known else None)
            )
    crossings = [(settings.label(a), settings.label(b)) for a, b in (SOURCES, SOURCES[::-1])]
    if not all(crossing in ends for crossing in crossings):
        return found
    crossed = [float(ends[crossing]["accuracy"]) for crossing in crossings]
    reached = min(crossed) > _CROSSING
    found.append(
        Finding(
            "Does it learn data that it was not meta-trained on?",
            f"both crossings end {'above' if reached else 'not both above'} {_CROSSING:.0%}: "
            + " and ".join(f"{value:.1%}" for value in crossed),
            f"both crossed accuracies above {_CROSSING:.0%}, mean over seeds.",
            "both crossings rise with the context",
            reached,
        )
    )
    return found
