"""The plateau: how long the loss stays where guessing has it (paper, section 4)."""

from gpicl.experiments.plateau.figure import draw
from gpicl.experiments.plateau.findings import find
from gpicl.experiments.plateau.grid import make_grid
from gpicl.experiments.plateau.measure import measure
from gpicl.experiments.reproduction import Experiment

EXPERIMENT = Experiment(
    name="plateau",
    title="Plateau: how long the loss stays where guessing has it",
    question=(
        "The paper's Transformer sits on a loss of ln C before in-context learning appears. How long, and what "
        "shortens it? From one base run, one thing is changed at a time: the task batch, the number of tasks, Adam's "
        "epsilon, the bias intervention, the optimiser, and whether labels travel in tokens or in values. On a "
        "laptop the tasks are small, so that the plateau ends within the time there is: episodes of 32 examples of 5 "
        "classes, images projected to 16 features, half of the episodes repeating five images, a Transformer of two "
        "layers. Without the repetitions the same run was still on its plateau after 4,000 steps, with Adam and with "
        "Muon."
    ),
    grid=make_grid,
    measure=measure,
    figure=draw,
    findings=find,
)
