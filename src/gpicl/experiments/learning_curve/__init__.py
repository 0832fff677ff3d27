"""The learning curve within an episode, also across data sets (paper, figure 3)."""

from gpicl.experiments.learning_curve.figure import draw
from gpicl.experiments.learning_curve.findings import find
from gpicl.experiments.learning_curve.grid import make_grid
from gpicl.experiments.reproduction import Experiment
from gpicl.experiments.sweep import accuracies_at

EXPERIMENT = Experiment(
    name="learning-curve",
    title="Learning curve: accuracy at every position",
    question=(
        "Does a meta-trained Transformer learn, rather than recognise? Accuracy at every position of an episode, on "
        "unseen tasks of held-out images: of the data set that it was meta-trained on, and of one that it has never "
        "seen. No weight moves; whatever rises was learned from the examples before."
    ),
    grid=make_grid,
    measure=accuracies_at(),
    figure=draw,
    findings=find,
)
