"""What the table of the transition shows."""

from math import inf, isnan, log2, nan

import pandas as pd

from gpicl.experiments.reproduction import (
    THRESHOLD_RULE,
    Finding,
    Range,
    Reference,
    Settings,
    Threshold,
    percent,
    power_of_two,
    threshold_at,
)
from gpicl.experiments.transition.improvement import (
    FEWEST_JUDGED,
    FLAT,
    INSTANCES,
    LEARNING,
    NOTHING,
    PAPER_UNSEEN,
    RULE,
    TASKS,
    bimodality,
    by_part,
    is_the_papers,
    jump_improvements,
    mean_improvements,
    phases,
)
from gpicl.metatesting import reference_name

# Where the paper's phases begin, and the number of doublings between them.
_PAPER = {
    INSTANCES: "up to about 2^7 tasks",
    TASKS: "from there to about 2^14 tasks",
    LEARNING: "from about 2^14 to 2^15 tasks",
}
_BEGIN, _JUMP, _DOUBLINGS = 2**7, 2**14, 7
_BEGINS = (
    f"{RULE} Numbers of tasks with which it learns nothing are left out. The number is the smallest number of tasks "
    "from which all are in "
)


def find(table: pd.DataFrame, settings: Settings) -> list[Finding]:
    """Report where the phases begin, how much is learned, and how the seeds are distributed at the jump."""
    found = []
    for learner, trained_on, rows in by_part(table):
        known = is_the_papers(learner, trained_on)
        about = f"{learner}, meta-trained on {trained_on}: "
        judged = phases(rows)
        findings = (*_phase_findings(judged, known), *_highest(rows, settings, known), *_seeds(rows, judged, known))
        found += [finding._replace(question=about + finding.question) for finding in findings]
    return found


def _phase_findings(judged: pd.DataFrame, known: bool) -> list[Finding]:
    improves, learns = _from(judged, {TASKS, LEARNING}), _from(judged, {LEARNING})
    # Within a factor of four: the paper gives both numbers only to a power of two or two.
    begin, jump = (Reference(value, 0.25, 4.0, power_of_two) if known else None for value in (_BEGIN, _JUMP))
    doublings = Reference(_DOUBLINGS, 0.5, 2.0) if known else None
    where = "; ".join(f"{phase} {_where(judged, phase)}" for phase in _PAPER)
    if NOTHING in set(judged["phase"]):
        where += f"; {NOTHING} {_where(judged, NOTHING)}"
    return [
        Finding(
            "from how many tasks does it improve within a sequence?",
            f"{improves.text(power_of_two)}: {where}",
            f"{_BEGINS}task memorisation or learning to learn. {THRESHOLD_RULE}",
            "; ".join(f"{phase} {paper}" for phase, paper in _PAPER.items()) if known else "",
            improves.possible.nearest(begin),
            begin,
        ),
        Finding(
            "from how many tasks does it learn to learn?",
            learns.text(power_of_two),
            f"{_BEGINS}learning to learn. {THRESHOLD_RULE}",
            "at 2^14 to 2^15" if known else "",
            learns.possible.nearest(jump),
            jump,
        ),
        Finding(
            "with how many tasks does it only memorise tasks?",
            _where(judged, TASKS),
            f"{RULE} The number counts the doublings of the number of tasks between the two findings above. Both lie "
            "in a range, so it does, too; it is the possible number nearest to the paper's, and there is none if the "
            "grid does not decide.",
            "from 2^7 to 2^14" if known else "",
            _doublings(improves, learns).nearest(doublings),
            doublings,
        ),
    ]


def _doublings(begin: Threshold, end: Threshold) -> Range:
    """The doublings of the number of tasks from one change to the next."""
    (first, last, _), (least, most, _) = begin.possible, end.possible
    return Range(log2(max(1.0, least / last)), log2(most / first), begin.inside and end.inside)


def _where(judged: pd.DataFrame, phase: str) -> str:
    exponents = [int(log2(n)) for n in judged[judged["phase"] == phase]["num_tasks"]]
    return f"at {', '.join(f'2^{exponent}' for exponent in exponents)} tasks" if exponents else "nowhere"


def _from(judged: pd.DataFrame, phases: set[str]) -> Threshold:
    """The smallest number of tasks from which all are in some phases; beyond the grid if the largest is not."""
    judged = judged[judged["phase"] != NOTHING]
    begin = inf
    for count, phase in zip(judged["num_tasks"][::-1], judged["phase"][::-1], strict=True):
        if phase not in phases:
            break
        begin = float(count)
    return threshold_at(begin, judged["num_tasks"])


def _highest(table: pd.DataFrame, settings: Settings, known: bool) -> list[Finding]:
    means = mean_improvements(table)
    most = means[(means["num_tasks"] == means["num_tasks"].max()) & (means["tasks"] == "unseen")].set_index("dataset")
    rule = (
        "improvement on unseen tasks with the largest number of tasks; mean and 95 % interval over seeds (Student's t; "
        "none with one seed)."
    )
    found = []
    for label in (settings.label("mnist"), settings.label("fashion_mnist")):
        row = most.loc[label]
        interval = f" ({row['low']:.1%} to {row['high']:.1%})" if row["seeds"] > 1 else ""
        paper = PAPER_UNSEEN.get(reference_name(label)) if known else None
        reference = None if paper is None else Reference(paper, 0.8, 1.25, percent)
        says = "" if paper is None else f"about {paper:.0%}"
        text, question = f"{row['improvement']:.1%}{interval}", f"how much does it learn of {label}?"
        found.append(Finding(question, text, rule, says, float(row["improvement"]), reference))
    return found


_UNIFORM = 5 / 9
_BIMODAL = (
    "Sarle's coefficient of bimodality, (skewness² + 1) / (kurtosis + 3 (n - 1)² / ((n - 2) (n - 3))), of the "
    "improvements on unseen tasks of n seeds. The number is the larger one of the two numbers of tasks next to the "
    f"change to learning to learn, as far as they have at least {FEWEST_JUDGED} seeds and are at the jump: their mean "
    f"differs by at least {FLAT:.0%} from that of the next lower and the next higher number of tasks. Otherwise it is "
    "unknown. With many seeds the coefficient is 5/9 for a uniform distribution, 1/3 for a normal one, and 1 for two "
    "points; with ten seeds, half at each of two points, it is 0.57. Above 5/9 counts as bimodal."
)


def _seeds(table: pd.DataFrame, judged: pd.DataFrame, known: bool) -> list[Finding]:
    found = dict(jump_improvements(table))
    if not found:
        return []
    jump = _from(judged, {LEARNING})
    texts, coefficients = [], []
    for count, values in found.items():
        middle = (values[0] + values[-1]) / 2
        text = (
            f"at {power_of_two(float(count))} tasks {len(values)} seeds from {values[0]:.1%} to {values[-1]:.1%}, "
            f"{(values > middle).sum()} of them above the middle"
        )
        coefficient = bimodality(values) if len(values) >= FEWEST_JUDGED else nan
        if not isnan(coefficient):
            text += f", coefficient {coefficient:.2f}"
            if jump.inside and count in jump and _at_the_jump(judged, count):
                coefficients.append(coefficient)
        texts.append(text)
    if not coefficients:
        texts.append(f"unknown whether bimodal at the jump, where fewer than {FEWEST_JUDGED} seeds differ")
    says = "seeds are bimodal at the jump" if known else ""
    reference = Reference(_UNIFORM, 1.0, inf) if known else None
    most = max(coefficients, default=None)
    return [Finding("are seeds bimodal at the jump?", "; ".join(texts), _BIMODAL, says, most, reference)]


def _at_the_jump(judged: pd.DataFrame, num_tasks: int) -> bool:
    """Whether the mean improvement has left the level of fewer tasks and has not reached that of more tasks."""
    levels = judged.set_index("num_tasks")["unseen"].sort_index()
    place = levels.index.get_loc(num_tasks)
    around = [levels.iloc[other] for other in (place - 1, place + 1) if 0 <= other < len(levels)]
    return all(abs(levels.iloc[place] - other) >= FLAT for other in around)
