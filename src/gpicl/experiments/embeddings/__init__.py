"""The same learner on frozen features in the place of pixels (paper, section on domain-specific biases)."""

from gpicl.experiments.embeddings.figure import draw
from gpicl.experiments.embeddings.findings import find
from gpicl.experiments.embeddings.frozen import make_features
from gpicl.experiments.embeddings.grid import make_grid
from gpicl.experiments.reproduction import Experiment
from gpicl.experiments.sweep import accuracies_at

EXPERIMENT = Experiment(
    name="embeddings",
    title="Embeddings: frozen features in the place of pixels",
    question=(
        "Does a learner that sees good features in the place of pixels learn from fewer examples? The same learner, "
        "on pixels and on frozen features, all through the same random projections to the same number of features. "
        "Those that come with the experiment need neither a network nor a download, and are **not pretrained "
        "embeddings as in the paper**: *pca* are whitened principal components, fitted on the meta-training images "
        "alone; *convolution* are the answers of two layers of random filters, which have learned nothing. For real "
        "embeddings give archives of your own: `--features train.npz,test.npz`, each with features `x` [N, F] and "
        "labels `y`."
    ),
    grid=make_grid,
    measure=accuracies_at(),
    figure=draw,
    findings=find,
    prepare=make_features,
)
