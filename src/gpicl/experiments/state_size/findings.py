"""What the state size shows."""

import pandas as pd
from scipy.stats import spearmanr

from gpicl.experiments.reproduction import Finding, Settings
from gpicl.experiments.state_size.means import mean_by_size

_ALL = (
    "Spearman's rank correlation between size and accuracy at the last position on unseen tasks of MNIST, mean over "
    "seeds, over all learners and sizes. Agrees with the paper if that with the state is the larger."
)
_WITHIN = (
    "of the same kind of learner, whether the one with the largest state is better than the one with the smallest."
)
_PAIR = "the best LSTM against the best outer-product LSTM, which has fewer parameters and a larger state."


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say which size orders the learners, and whether a larger state helps within a kind.

    Args:
        table: See `measure`.
        settings: Say what the data sets are called.
    """
    means = mean_by_size(table, settings.label("mnist"))
    by_state, by_parameters = (_rank_correlation(means, column) for column in ("state_size", "parameters"))
    found = [
        Finding(
            "Which size orders the learners?",
            f"the state: {by_state:.2f}; the parameters: {by_parameters:.2f}",
            _ALL,
            "the state, not the parameters",
            by_state > by_parameters,
        )
    ]
    for learner, rows in means.groupby("learner", sort=False):
        if len(rows) > 1:
            ordered = rows.sort_values("state_size")
            small, large = ordered.iloc[0], ordered.iloc[-1]
            text = ", ".join(f"{row['accuracy']:.1%} ({row['state_size']:,})" for _, row in ordered.iterrows())
            better = bool(large["accuracy"] > small["accuracy"])
            found.append(Finding(f"{learner}: does a larger state help?", text, _WITHIN, "yes", better))
    return [*found, *_pair(means)]


def _rank_correlation(means: pd.DataFrame, column: str) -> float:
    if min(means[column].nunique(), means["accuracy"].nunique()) < 2:
        return float("nan")  # of what does not vary there is no order
    return float(spearmanr(means[column], means["accuracy"]).statistic)


def _pair(means: pd.DataFrame) -> list[Finding]:
    best = {
        str(learner): rows.sort_values("accuracy").iloc[-1]
        for learner, rows in means.groupby("learner")
        if learner in ("LSTM", "OuterProductLSTM")
    }
    if len(best) < 2:
        return []
    texts = [
        f"{name} {row['accuracy']:.1%} (state {row['state_size']:,}, parameters {row['parameters']:,})"
        for name, row in best.items()
    ]
    better = bool(best["OuterProductLSTM"]["accuracy"] > best["LSTM"]["accuracy"])
    return [Finding("Does a larger state beat more parameters?", "; ".join(texts), _PAIR, "yes", better)]
