"""The earlier reproduction's recipe, and its faults taken away one at a time."""

from gpicl.experiments.ablation.figure import draw
from gpicl.experiments.ablation.findings import find
from gpicl.experiments.ablation.grid import make_grid
from gpicl.experiments.reproduction import Experiment
from gpicl.experiments.sweep import accuracies_at

EXPERIMENT = Experiment(
    name="ablation",
    title="Ablation: what cost the earlier reproduction its accuracy",
    question=(
        "An earlier reproduction (Lerostre/gpicl) ended at 52.3 % on MNIST where the paper has 73.7 %, and its MLP, "
        "trained by gradient descent on the context, at 37.1 % where the paper has 70.3 %; its author could not say "
        "why. Its recipe is followed here, and each of its faults is taken away alone (*all but*), and left in alone "
        "(*only*). The faults: projections with standard deviation 1/N in place of 1/sqrt(N); every column of a "
        "token normalised, those of the label too; one attention head; no intervention against the plateau; 2^15 "
        "tasks in place of fresh ones; and, of the MLP, a ReLU on its logits. Two things that its code does besides: "
        "the normalisation is skipped where a task gives only one sequence, and the MLP has batch normalisation. "
        "Neither is followed."
    ),
    grid=make_grid,
    measure=accuracies_at(-1),
    figure=draw,
    findings=find,
)
