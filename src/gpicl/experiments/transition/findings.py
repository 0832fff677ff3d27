"""What the transition shows."""

import numpy as np
import pandas as pd

from gpicl.experiments.reproduction import Finding, Settings, over_seeds
from gpicl.experiments.transition.phases import INSTANCES, LEARNING, RULE, TASKS, improvements, phases

_PAPER = {
    INSTANCES: "up to about 2^7 tasks",
    TASKS: "from there to about 2^14 tasks",
    LEARNING: "from about 2^14 to 2^15 tasks on",
}


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Say which phases there are, in which order, and how far the seeds lie apart.

    Args:
        table: Accuracies at the first and the last position.
        settings: Say what the data sets are called.
    """
    judged = phases(table, settings)
    found = [Finding(f"Where is {phase}?", _where(judged, phase), RULE, _PAPER[phase], _is_there(judged, phase))
             for phase in (INSTANCES, TASKS, LEARNING)]  # fmt: skip
    order = [phase for i, phase in enumerate(judged["phase"]) if i == 0 or judged["phase"].iloc[i - 1] != phase]
    rule = "the phases in the order of the number of tasks, each named once per stretch."
    found.append(
        Finding("In which order?", ", then ".join(order), rule, "instances, tasks, learning", order == [*_PAPER])
    )
    return [*found, _highest(table, settings), _seeds(table, settings)]


def _where(judged: pd.DataFrame, phase: str) -> str:
    exponents = [int(np.log2(n)) for n in judged[judged["phase"] == phase]["num_tasks"]]
    return f"at {', '.join(f'2^{exponent}' for exponent in exponents)} tasks" if exponents else "nowhere"


def _is_there(judged: pd.DataFrame, phase: str) -> bool:
    return bool((judged["phase"] == phase).any())


def _highest(table: pd.DataFrame, settings: Settings) -> Finding:
    means = over_seeds(improvements(table), ["num_tasks", "dataset", "tasks"], "improvement")
    most = means[(means["num_tasks"] == means["num_tasks"].max()) & (means["tasks"] == "unseen")].set_index("dataset")
    texts = [
        f"{label}: {most.loc[label, 'improvement']:.1%} ({most.loc[label, 'low']:.1%} to {most.loc[label, 'high']:.1%})"
        for label in (settings.label("mnist"), settings.label("fashion_mnist"))
    ]
    rule = "improvement on unseen tasks with the most tasks; mean and 95 % interval over seeds (Student's t)."
    return Finding("How much does it learn?", "; ".join(texts), rule, "about 60 % on MNIST, 42 % on Fashion-MNIST")


def _seeds(table: pd.DataFrame, settings: Settings) -> Finding:
    rows = improvements(table)
    rows = rows[(rows["dataset"] == settings.label("mnist")) & (rows["tasks"] == "unseen")]
    spread = rows.groupby("num_tasks")["improvement"].agg(lambda values: values.max() - values.min()).reset_index()
    widest = spread.sort_values("improvement").iloc[-1]
    return Finding(
        "Do seeds differ most at the jump?",
        f"they differ most at 2^{int(np.log2(widest['num_tasks']))} tasks, by {widest['improvement']:.1%}",
        "the number of tasks with the largest difference between seeds of the improvement on unseen MNIST.",
        "seeds are bimodal at the jump",
    )
