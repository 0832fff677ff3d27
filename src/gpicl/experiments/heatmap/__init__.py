"""The heat map: memorisation turns into generalisation as tasks and model size grow (paper, figure 2)."""

from gpicl.experiments.heatmap.figure import draw
from gpicl.experiments.heatmap.findings import find
from gpicl.experiments.heatmap.grid import make_grid
from gpicl.experiments.reproduction import Experiment
from gpicl.experiments.sweep import accuracies_at

EXPERIMENT = Experiment(
    name="heatmap",
    title="Heat map: number of tasks x model size",
    question=(
        "How many tasks, and how large a model, does it take until a learner no longer memorises the tasks that it is "
        "meta-trained on but learns any other one from its context? Three learners are meta-trained on 2^0 tasks and "
        "more and tested on other, held-out images: of the *seen* tasks, and of *unseen* ones. The MLP sees one input "
        "and no label before it; the Transformer with labels in its tokens is the paper's; the one with labels in its "
        "values is this project's, and has no plateau to leave. The paper's is meta-trained longer, with "
        "interventions that fade on the way, without which it would not leave its plateau in this time."
    ),
    grid=make_grid,
    measure=accuracies_at(-1),
    figure=draw,
    findings=find,
)
