"""What is compared: the learners, and for each seed the run and the folder of its results."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from gpicl.errors import ConfigError, UnknownNameError
from gpicl.experiments.comparison.scales import Scale
from gpicl.learners import learner_class
from gpicl.metatraining import LearnerConfig, Run, RunConfig, load_preset


class Entry(NamedTuple):
    """A learner of the comparison.

    Attributes:
        name: Name of the learner in `LEARNERS` or `CLASSICAL`.
        preset: Preset or path of a configuration with which it is meta-trained on a laptop; None for a classical
            learner, empty for the defaults of `gpicl train`.
        published: Its name in the paper's table, if any.
        earlier: Its name in the earlier reproduction's table, if any.
        seeds: Seeds at the scale `laptop`; 3 for learners that train quickly.
        batch: Episodes per batch of the meta-test, limited by memory.
    """

    name: str
    preset: str | None
    published: str | None = None
    earlier: str | None = None
    seeds: int = 1
    batch: int = 128

    def config(self) -> RunConfig:
        """Configuration of its meta-training; for a classical learner only the images matter."""
        if self.preset:
            return load_preset(self.preset)
        return RunConfig() if self.classical else RunConfig(learner=LearnerConfig(self.name))

    @property
    def classical(self) -> bool:
        """Whether it is fitted from scratch by scikit-learn instead of meta-trained."""
        return self.preset is None


ENTRIES = (
    Entry("NearestNeighbour", None),
    Entry("CosineNeighbours", None),
    Entry("LogisticRegression", None),
    Entry("LinearSVM", None),
    Entry("RBFSVM", None),
    Entry("ShrinkageLDA", None),
    Entry("SGD", "sgd", "SGD", "MLP (SGD)"),  # its preset starts from zero, so all seeds would be equal
    Entry("MLP", "mlp"),
    Entry("KernelSetTransformer", "kernel-set-transformer"),
    Entry("KernelTransformer", "kernel-transformer", seeds=3),
    Entry("ValueTransformer", "value-transformer"),
    Entry("FastWeightMemory", "fast-weight-memory"),
    Entry("MAML", "maml", "MAML", batch=64),
    Entry("VSML", "vsml", "VSML", batch=16),
    Entry("TokenTransformer", "token-transformer", "GPICL Transformer", "GPT"),
    Entry("LSTM", "lstm", "LSTM", "LSTM"),
    Entry("OuterProductLSTM", "outer-product-lstm"),
    Entry("VSMLWithoutSymmetries", "vsml-without-symmetries"),
)


def choose_entries(learners: str) -> list[Entry]:
    """Pick entries by name, in the order of the table; your own learners come last.

    Args:
        learners: Comma-separated names. `all` means all learners of this package. Your own learner is given by the
            path of its configuration, my_learner.yaml, or by its import path, my_package.MyLearner; the latter is
            meta-trained with the defaults of `gpicl train`.

    Raises:
        UnknownNameError: If a name is neither an entry nor such a path.
        LearnerError: If your own learner cannot be imported.
        ConfigError: If no learner is named, two have the same name, or a configuration cannot be read.
    """
    known = {entry.name: entry for entry in ENTRIES}
    names = [name.strip() for name in learners.split(",") if name.strip()]
    if not names:
        raise ConfigError(f"learners is empty. Give all, or some of {', '.join(known)}.")
    own = [_own(name, known) for name in dict.fromkeys(names) if name != "all" and name not in known]
    entries = [*(entry for entry in ENTRIES if "all" in names or entry.name in names), *own]
    for i, entry in enumerate(entries):
        if entry.name in {other.name for other in entries[:i]}:
            raise ConfigError(
                f"Two learners of the comparison are named {entry.name}, so their rows could not be told apart. "
                "Rename a YAML file: its name is the learner's name in the table."
            )
    return entries


def _own(name: str, known: Collection[str]) -> Entry:
    if name.endswith((".yaml", ".yml")):
        load_preset(name)
        return Entry(Path(name).stem, name)
    if "." not in name:
        raise UnknownNameError(
            "learner of the comparison", name, known, "Give your own learner by its import path or its YAML file."
        )
    learner_class(name)
    return Entry(name, "")


class Trial(NamedTuple):
    """One learner, one seed.

    Attributes:
        entry: The learner.
        config: Its run; for a classical learner only the images and the test matter.
        folder: Folder of its results.
        positions: Positions (from 1) at which a classical learner is fitted.
    """

    entry: Entry
    config: RunConfig
    folder: Path
    positions: tuple[int, ...]


def make_trials(
    scale: Scale, entries: Sequence[Entry], output: Path, minutes: float | None, progress: bool
) -> list[Trial]:
    """List all trials of a comparison.

    Args:
        scale: Size of the comparison.
        entries: The learners.
        output: Folder of all runs.
        minutes: Wall-clock budget of every run; None for the budgets of the presets.
        progress: Show progress bars.

    Raises:
        ConfigError: If the scale leaves out all entries.
    """
    trials = []
    for entry in entries:
        fitted = scale.classical if entry.classical else None
        if fitted and entry.name in fitted.left_out:
            continue
        config = scale.resize(entry.config())
        config = replace(
            config,
            data=replace(config.data, dataset=scale.data, root=None),
            testing=replace(
                config.testing,
                datasets=list(scale.datasets),
                tasks=["unseen"],
                episodes=fitted.episodes if fitted else scale.episodes,
            ),
            loop=replace(config.loop, progress=progress),
        )
        if minutes is not None:
            config = replace(config, training=replace(config.training, steps=None, minutes=minutes))
        for seed in range(fitted.seeds if fitted else scale.seeds or entry.seeds):
            seeded = replace(config, training=replace(config.training, seed=seed))
            folder = _classical_folder(entry, seeded, scale, output) if entry.classical else Run(seeded, output).folder
            trials.append(Trial(entry, seeded, folder, scale.positions))
    if not trials:
        raise ConfigError(
            f"This scale leaves out {', '.join(entry.name for entry in entries)}, which takes too long with so many "
            "features. Choose other learners or another scale."
        )
    return trials


def _classical_folder(entry: Entry, config: RunConfig, scale: Scale, output: Path) -> Path:
    identity = [asdict(config.data), scale.positions, config.test_length, config.training.seed]
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:10]
    return output / f"{entry.name}-{digest}"
