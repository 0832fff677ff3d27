"""Gradients and Adam's moments, layer by layer, during a run."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from gpicl.files import write_atomically
from gpicl.metatraining.csv_log import CsvLog

PHASES = ("before", "on", "after")
"""Records of a run that are used: the first, half way through its plateau, and at twice the plateau's length."""
STATISTICS_FILE = "layers.csv"
"""File in a run's folder."""


class LayerStatistics(Callback):
    """Writes gradients and Adam's second moments of every layer to `layers.csv` in the run's folder.

    The columns: `step`; `layer`; `gradient`, the norm of its gradient before clipping; `root_second_moment`, the median
    over its parameters of the root of Adam's second moment, with bias correction; `kept`, the mean over its parameters
    of root / (root + epsilon), which is the share of Adam's step that epsilon leaves: near 1 where epsilon does not
    matter, near 0 where it dominates.

    The gradients of a step in a CUDA graph are not accessible: set `loop.capture` to false.

    Args:
        every: Steps between records; the second step is recorded too.
    """

    def __init__(self, every: int = 25) -> None:
        self.every = every
        self._rows: list[dict[str, Any]] = []
        self._path: Path | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the records up to the step at which a resumed run continues."""
        logs = [log for log in trainer.loggers if isinstance(log, CsvLog)]
        self._path = logs[0].path.parent / STATISTICS_FILE if logs else None
        self._rows = []
        if self._path is not None and self._path.exists() and trainer.global_step:
            kept = pd.read_csv(self._path)
            rows = kept[kept["step"] < trainer.global_step].to_dict("records")
            self._rows = [{str(name): value for name, value in row.items()} for row in rows]

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Record the gradients of this step, and the moments after the step before it."""
        step = trainer.global_step
        if self._path is None or not (step == 1 or (step and step % self.every == 0)):
            return
        learner: Any = pl_module.learner
        layers: dict[str, list[Tensor]] = {}
        for name, parameter in learner.named_parameters():
            layers.setdefault(layer_of(name), []).append(parameter)
        settings = {p: group for group in optimizer.param_groups for p in group["params"] if "betas" in group}
        for layer, parameters in layers.items():
            self._rows.append({"step": step, "layer": layer, **_statistics(parameters, optimizer, settings)})
        write_atomically(self._path, partial(pd.DataFrame(self._rows).to_csv, index=False))


def layer_of(parameter: str) -> str:
    """Name the layer that a parameter of a `TokenTransformer` belongs to.

    Args:
        parameter: Name such as `blocks.0.1.up.weight`.
    """
    first, *rest = parameter.split(".")
    if first != "blocks":
        return first
    return f"block {int(rest[0]) + 1} {('attention', 'MLP')[int(rest[1])]}"


def _statistics(parameters: list[Tensor], optimiser: Optimizer, settings: dict[Tensor, Any]) -> dict[str, float]:
    squares = sum(float(p.grad.float().square().sum()) for p in parameters if p.grad is not None)
    roots, kept = [], []
    for parameter in parameters:
        state = optimiser.state.get(parameter)
        if not state or "exp_avg_sq" not in state:
            continue
        group = settings[parameter]
        corrected = state["exp_avg_sq"] / (1 - group["betas"][1] ** float(state["step"]))
        root = corrected.sqrt().flatten()
        roots.append(root)
        kept.append(root / (root + group["eps"]))
    if not roots:
        return {"gradient": squares**0.5, "root_second_moment": float("nan"), "kept": float("nan")}
    return {
        "gradient": squares**0.5,
        "root_second_moment": float(torch.cat(roots).median()),
        "kept": float(torch.cat(kept).mean()),
    }


def read_statistics(folder: Path) -> pd.DataFrame | None:
    """Read the records of a run.

    Args:
        folder: The run's folder.

    Returns:
        The columns of `LayerStatistics`, one row per record and layer; None if the run has no records.
    """
    path = folder / STATISTICS_FILE
    return pd.read_csv(path) if path.exists() else None
