"""State size, not parameter count, orders the learners (paper, section 4)."""

from gpicl.experiments.reproduction import Experiment
from gpicl.experiments.state_size.figure import draw
from gpicl.experiments.state_size.findings import find
from gpicl.experiments.state_size.grid import make_grid
from gpicl.experiments.state_size.measure import measure

EXPERIMENT = Experiment(
    name="state-size",
    title="State size: what a learner can carry from one example to the next",
    question=(
        "Is it the number of parameters that makes an in-context learner, or the size of the state that carries the "
        "past from one example to the next? Every learner with a memory, as the comparison meta-trains it, and "
        "smaller ones of the same kind. A Transformer's state are the keys and values of all layers and positions, "
        "an LSTM's its hidden and cell state, an outer-product LSTM's its matrix. The KernelSetTransformer's are the "
        "inputs, keys and values of all examples; it is not carried on but read anew, as a set, whenever there is "
        "one example more. Learners differ in images, features and steps, each having those with which it fits a "
        "laptop; so compare within a kind first."
    ),
    grid=make_grid,
    measure=measure,
    figure=draw,
    findings=find,
)
