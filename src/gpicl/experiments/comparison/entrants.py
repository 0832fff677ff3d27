"""Who takes part in the comparison."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from gpicl.errors import ConfigError, UnknownNameError
from gpicl.learners import learner_class
from gpicl.metatraining import LearnerConfig, RunConfig, load_preset


class Entrant(NamedTuple):
    """A learner of the comparison.

    Attributes:
        name: Of the learner, as in `LEARNERS` or `CLASSICAL`.
        preset: How it is meta-trained on a laptop, a preset or the path of a configuration; None for a classical
            learner, empty for the defaults of `gpicl train`.
        published: The learner that it is in the paper's table, if it is there.
        earlier: The learner that it is in the earlier reproduction's table, if it is there.
        seeds: Runs of the laptop's comparison: three where they are short.
        batch: Episodes at once of its meta-test, as its memory allows.
    """

    name: str
    preset: str | None
    published: str | None = None
    earlier: str | None = None
    seeds: int = 1
    batch: int = 128

    def config(self) -> RunConfig:
        """How it is meta-trained; of a classical learner only the images count."""
        if self.preset:
            return load_preset(self.preset)
        return RunConfig() if self.classical else RunConfig(learner=LearnerConfig(self.name))

    @property
    def classical(self) -> bool:
        """Whether it is fitted from scratch by scikit-learn instead of meta-trained."""
        return self.preset is None


ENTRANTS = (
    Entrant("NearestNeighbour", None),
    Entrant("CosineNeighbours", None),
    Entrant("LogisticRegression", None),
    Entrant("LinearSVM", None),
    Entrant("RBFSVM", None),
    Entrant("ShrinkageLDA", None),
    Entrant("SGD", "sgd", "SGD", "MLP (SGD)"),  # its preset starts from zero, so seeds would be all the same
    Entrant("MLP", "mlp"),
    Entrant("KernelSetTransformer", "kernel-set-transformer"),
    Entrant("KernelTransformer", "kernel-transformer", seeds=3),
    Entrant("ValueTransformer", "value-transformer"),
    Entrant("FastWeightMemory", "fast-weight-memory"),
    Entrant("MAML", "maml", "MAML", batch=64),
    Entrant("VSML", "vsml", "VSML", batch=16),
    Entrant("TokenTransformer", "token-transformer", "GPICL Transformer", "GPT"),
    Entrant("LSTM", "lstm", "LSTM", "LSTM"),
    Entrant("OuterProductLSTM", "outer-product-lstm"),
    Entrant("VSMLWithoutSymmetries", "vsml-without-symmetries"),
)


def choose_entrants(learners: str) -> list[Entrant]:
    """Pick entrants by name, in the order of the table; learners of your own stand behind them.

    Args:
        learners: Names with commas between them. `all` stands for all of this package; a learner of your own is the
            path of its configuration, my_learner.yaml, or its import path, my_package.MyLearner, and is then
            meta-trained with the defaults of `gpicl train`.

    Raises:
        UnknownNameError: If one is no entrant and no such path.
        LearnerError: If a learner of your own cannot be imported.
        ConfigError: If none is named, or a configuration cannot be read.
    """
    known = {entrant.name: entrant for entrant in ENTRANTS}
    names = [name.strip() for name in learners.split(",") if name.strip()]
    if not names:
        raise ConfigError(f"learners names nobody. Give all, or some of {', '.join(known)}.")
    own = [_own(name, known) for name in dict.fromkeys(names) if name != "all" and name not in known]
    return [*(entrant for entrant in ENTRANTS if "all" in names or entrant.name in names), *own]


def _own(name: str, known: Collection[str]) -> Entrant:
    if name.endswith((".yaml", ".yml")):
        load_preset(name)
        return Entrant(Path(name).stem, name)
    if "." not in name:
        raise UnknownNameError(
            "learner of the comparison", name, known, "Your own is named by its import path, or by its YAML file."
        )
    learner_class(name)
    return Entrant(name, "")
