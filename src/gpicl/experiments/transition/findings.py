"""What the table of the transition shows."""

from math import inf, log2, nan

import pandas as pd

from gpicl.experiments.reproduction import Finding, Reference, Settings, percent, power_of_two
from gpicl.experiments.transition.improvement import (
    FEWEST_SEEDS,
    INSTANCES,
    LEARNING,
    PAPER_UNSEEN,
    RULE,
    TASKS,
    bimodality,
    by_part,
    jump_improvements,
    mean_improvements,
    phases,
)

# Where the paper's phases begin, and the number of doublings between them.
_PAPER = {
    INSTANCES: "up to about 2^7 tasks",
    TASKS: "from there to about 2^14 tasks",
    LEARNING: "from about 2^14 to 2^15 tasks",
}
_BEGIN, _JUMP, _DOUBLINGS = 2**7, 2**14, 7
_BEGINS = f"{RULE} The number is the smallest number of tasks from which all are in "


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report where the phases begin, how much is learned, and how the seeds are distributed at the jump."""
    found = []
    for learner, trained_on, rows in by_part(table):
        known = trained_on == settings.label("mnist")
        about = f"{learner}, meta-trained on {trained_on}: "
        found += [
            finding._replace(question=about + finding.question)
            for finding in (*_phase_findings(phases(rows), known), *_highest(rows, settings, known), *_seeds(rows))
        ]
    return found


def _phase_findings(judged: pd.DataFrame, known: bool) -> list[Finding]:
    improves, learns = _from(judged, {TASKS, LEARNING}), _from(judged, {LEARNING})
    # Within a factor of four: the paper gives both numbers only to a power of two or two.
    begin, jump = (Reference(value, 0.25, 4.0, power_of_two) if known else None for value in (_BEGIN, _JUMP))
    return [
        Finding(
            "from how many tasks does it improve within a sequence?",
            "; ".join(f"{phase} {_where(judged, phase)}" for phase in _PAPER),
            f"{_BEGINS}task memorisation or learning to learn.",
            "; ".join(f"{phase} {paper}" for phase, paper in _PAPER.items()) if known else "",
            improves,
            begin,
        ),
        Finding(
            "from how many tasks does it learn to learn?",
            power_of_two(learns),
            f"{_BEGINS}learning to learn.",
            "at 2^14 to 2^15" if known else "",
            learns,
            jump,
        ),
        Finding(
            "with how many tasks does it only memorise tasks?",
            _where(judged, TASKS),
            f"{RULE} The number counts the doublings of the number of tasks between the two findings above.",
            "from 2^7 to 2^14" if known else "",
            log2(learns / improves) if learns < inf else nan,
            Reference(_DOUBLINGS, 0.5, 2.0) if known else None,
        ),
    ]


def _where(judged: pd.DataFrame, phase: str) -> str:
    exponents = [int(log2(n)) for n in judged[judged["phase"] == phase]["num_tasks"]]
    return f"at {', '.join(f'2^{exponent}' for exponent in exponents)} tasks" if exponents else "nowhere"


def _from(judged: pd.DataFrame, phases: set[str]) -> float:
    """The smallest number of tasks from which all are in some phases; infinite if the largest is not."""
    begin = inf
    for count, phase in zip(judged["num_tasks"][::-1], judged["phase"][::-1], strict=True):
        if phase not in phases:
            break
        begin = float(count)
    return begin


def _highest(table: pd.DataFrame, settings: Settings, known: bool) -> list[Finding]:
    means = mean_improvements(table)
    most = means[(means["num_tasks"] == means["num_tasks"].max()) & (means["tasks"] == "unseen")].set_index("dataset")
    rule = (
        "improvement on unseen tasks with the largest number of tasks; mean and 95 % interval over seeds (Student's t)."
    )
    found = []
    for name, paper in zip(("mnist", "fashion_mnist"), PAPER_UNSEEN, strict=True):
        row = most.loc[settings.label(name)]
        text = f"{row['improvement']:.1%} ({row['low']:.1%} to {row['high']:.1%})"
        reference = Reference(paper, 0.8, 1.25, percent) if known else None
        question = f"how much does it learn of {settings.label(name)}?"
        says = f"about {paper:.0%}" if known else ""
        found.append(Finding(question, text, rule, says, float(row["improvement"]), reference))
    return found


_UNIFORM = 5 / 9
_BIMODAL = (
    "Sarle's coefficient of bimodality, (skewness² + 1) / (kurtosis + 3 (n - 1)² / ((n - 2) (n - 3))), of the "
    f"improvements on unseen tasks of n seeds; the largest value of all numbers of tasks with at least {FEWEST_SEEDS} "
    "seeds. It is 5/9 for a uniform distribution, 1/3 for a normal one, and 1 for two points; above 5/9 counts as "
    "bimodal."
)


def _seeds(table: pd.DataFrame) -> list[Finding]:
    found = {count: (values, bimodality(values)) for count, values in jump_improvements(table)}
    if not found:
        return []
    texts = []
    for count, (values, coefficient) in found.items():
        middle = (values[0] + values[-1]) / 2
        texts.append(
            f"at {power_of_two(float(count))} tasks {len(values)} seeds from {values[0]:.1%} to {values[-1]:.1%}, "
            f"{(values > middle).sum()} of them above the middle, coefficient {coefficient:.2f}"
        )
    known = [coefficient for _, coefficient in found.values() if coefficient == coefficient]
    says, most = "seeds are bimodal at the jump", max(known, default=nan)
    reference = Reference(_UNIFORM, 1.0, inf)
    return [Finding("are seeds bimodal at the jump?", "; ".join(texts), _BIMODAL, says, most, reference)]
