"""The plateau: how long the loss stays where guessing has it (paper, section 4)."""

from gpicl.experiments.plateau.figure import draw
from gpicl.experiments.plateau.findings import find
from gpicl.experiments.plateau.grid import grid
from gpicl.experiments.plateau.length import measure
from gpicl.experiments.reproduction import Experiment

EXPERIMENT = Experiment(
    name="plateau",
    title="Plateau: how long the loss stays where guessing has it",
    question=(
        "The paper's Transformer sits on a loss of ln C before in-context learning appears. How long, and what "
        "shortens it? From one base run, one thing is changed at a time: the task batch, the number of tasks, Adam's "
        "epsilon, the bias intervention, the optimiser, and whether labels travel in tokens or in values. Three more "
        "grids change several things together, with one seed each. The first has all combinations of two batches, two "
        "numbers of tasks, two epsilons, with bias and without. The second has the bias intervention with and without "
        "repeated images, with Adam and Muon, in two widths, and beside it an MLP that sees no context, to know what "
        "can be read from biased tasks alone. The third has more kinds of tasks (images; images and invented tasks; "
        "these with random spectra and random layers too) with several numbers of tasks. In the runs with different "
        "epsilons the gradients and Adam's second moments are recorded layer by layer. On a laptop the tasks are "
        "small, so that the plateau ends within the time there is: episodes of 32 examples of 5 classes, images "
        "projected to 16 features, half of the episodes repeating five images, a Transformer of two layers."
    ),
    grid=grid,
    measure=measure,
    figure=draw,
    findings=find,
)
