"""The plateau: how long the loss stays at that of guessing (paper, section 4)."""

from gpicl.experiments.plateau.figure import draw
from gpicl.experiments.plateau.findings import find
from gpicl.experiments.plateau.grid import grid
from gpicl.experiments.plateau.length import measure
from gpicl.experiments.reproduction import Experiment

EXPERIMENT = Experiment(
    name="plateau",
    title="Plateau: how long the loss stays at that of guessing",
    question=(
        "The loss of the paper's Transformer stays at ln C before in-context learning appears. For how long, and what "
        "shortens this plateau? One thing at a time is changed in a base run: the task batch, the number of tasks, "
        "Adam's epsilon, the bias intervention, the optimiser, and whether labels are in tokens or in values. "
        "Three more grids change several things together, with one seed each. The first has all combinations of two "
        "batches, two numbers of tasks and two epsilons, with and without bias. The second has the bias intervention "
        "with and without repeated images, with Adam and Muon, in two widths; an MLP that sees no context shows what "
        "can be read from biased tasks alone. The third has more kinds of tasks (images; images and invented tasks; "
        "these with random spectra and random layers too) with several numbers of tasks. The runs with different "
        "epsilons record gradients and Adam's second moments layer by layer. At `laptop` the tasks are small, so that "
        "the plateau ends in the available time: episodes of 32 examples of 5 classes, images projected to 16 "
        "features, five repeated images in half of the episodes, and a Transformer of two layers."
    ),
    grid=grid,
    measure=measure,
    figure=draw,
    findings=find,
)
