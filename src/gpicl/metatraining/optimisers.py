"""Optimisers: Adam, or Muon on the hidden matrices with Adam on all else."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer

from gpicl.metatraining.config import TrainingConfig
from gpicl.metatraining.muon import Muon


class Chained(Optimizer):
    """Several optimisers that act as one.

    WHY: each parameter has one optimiser, but a step is one step. Lightning counts steps by optimiser, and would call
    every batch two.

    Args:
        optimisers: Optimisers of disjoint parameters.
    """

    def __init__(self, *optimisers: Optimizer) -> None:
        super().__init__([{"params": list(_parameters(o))} for o in optimisers], {})
        self.optimisers = optimisers
        # The same dictionaries, so that a learning rate that is set here reaches the optimiser that owns it.
        self.param_groups = [group for o in optimisers for group in o.param_groups]

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step with each of them."""
        loss = closure() if closure is not None else None
        for optimiser in self.optimisers:
            optimiser.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The states of all, in order."""
        return {"optimisers": [o.state_dict() for o in self.optimisers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the states of all, in order."""
        for optimiser, state in zip(self.optimisers, state_dict["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        self.param_groups = [group for o in self.optimisers for group in o.param_groups]


def hidden_matrices(learner: nn.Module) -> list[Tensor]:
    """The weights that Muon is meant for: those of linear layers and LSTMs, but for the first and the last.

    A learner says which its first and last are by calling them `embed` and `readout`. An LSTM's four gates stay one
    matrix, as they are stored; with them an LSTM leaves its plateau in half as many steps (docs/lab-notebook.md).

    Args:
        learner: The learner.
    """
    return [
        weight
        for name, module in learner.named_modules()
        if isinstance(module, (nn.Linear, nn.LSTM)) and name.split(".")[0] not in ("embed", "readout")
        for weight in module.parameters(recurse=False)
        if weight.ndim == 2
    ]


def build_optimiser(learner: nn.Module, config: TrainingConfig) -> Optimizer:
    """Build the optimiser that a configuration asks for.

    Muon orthogonalises the update of every hidden matrix and leaves the plateau several times sooner than Adam
    (docs/lab-notebook.md). Its companion Adam forgets squared gradients faster (0.99) because such runs are short.
    Either Adam is fused: one call for all parameters, where PyTorch's default on a CPU makes eight for each.

    Args:
        learner: The learner.
        config: Optimiser, learning rates, epsilon.
    """
    matrices = hidden_matrices(learner) if config.optimiser == "muon" else []
    if not matrices:
        return _adam(learner.parameters(), config)
    chosen = {id(matrix) for matrix in matrices}
    others = [p for p in learner.parameters() if id(p) not in chosen]
    return Chained(
        Muon(matrices, config.matrix_learning_rate, weight_decay=config.matrix_weight_decay),
        _adam(others, config, betas=(0.9, 0.99)),
    )


def _adam(parameters: Iterable[Tensor], config: TrainingConfig, betas: tuple[float, float] = (0.9, 0.999)) -> Optimizer:
    options: dict[str, Any] = {"lr": config.learning_rate, "betas": betas, "eps": config.epsilon, "fused": True}
    if not config.weight_decay:
        return Adam(parameters, **options)
    listed = list(parameters)
    groups = [
        {"params": [p for p in listed if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in listed if p.ndim < 2], "weight_decay": 0.0},
    ]
    return AdamW([group for group in groups if group["params"]], **options)


def _parameters(optimiser: Optimizer) -> Iterable[Tensor]:
    return (parameter for group in optimiser.param_groups for parameter in group["params"])
