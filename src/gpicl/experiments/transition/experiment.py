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
        "How does a Transformer change as the number of tasks grows? The accuracy at the last position minus that at "
        "the first measures how much it learns within a sequence. A learner that has memorised every image of every "
        "task (*instance memorisation*) knows the answer at once and does not improve. One that recognises the task "
        "(*task memorisation*) improves on seen tasks only. One that *learns to learn* also improves on unseen tasks "
        "and on another data set. The Transformer with labels in its tokens is the paper's, with interventions that "
        "take it off its plateau and then fade; the one with labels in its values is this project's. Learners are "
        "meta-trained on either data set and tested on both. The lower panels show all seeds at the jump."
    ),
    grid=grid,
    measure=accuracies_at(1, -1),
    figure=draw,
    findings=find,
)
