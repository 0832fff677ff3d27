"""The transition from memorisation to learning to learn (paper, figure 4)."""

from gpicl.experiments.reproduction import Experiment
from gpicl.experiments.sweep import accuracies_at
from gpicl.experiments.transition.figure import draw
from gpicl.experiments.transition.findings import find
from gpicl.experiments.transition.grid import grid

EXPERIMENT = Experiment(
    name="transition",
    title="Transition: from memorisation to learning to learn",
    question=(
        "What does a Transformer do with more and more tasks? Accuracy at the last position less that at the first "
        "says how much it learns within a sequence. A learner that has memorised every image of every task (*instance "
        "memorisation*) knows the answer at once and improves by nothing; one that recognises which task it is in "
        "(*task memorisation*) improves on seen tasks alone; one that *learns to learn* improves on unseen tasks, and "
        "on another data set, too. The Transformer with labels in its tokens is the paper's, with interventions that "
        "take it off its plateau and then fade; the one with labels in its values is this project's. Both data sets "
        "are meta-trained on, and every run is tested on both. The lower panels show all seeds at the jump."
    ),
    grid=grid,
    measure=accuracies_at(1, -1),
    figure=draw,
    findings=find,
)
