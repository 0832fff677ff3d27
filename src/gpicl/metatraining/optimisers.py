"""Optimisers: Adam, or Muon for the hidden matrices with Adam for all other parameters."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer

from gpicl.metatraining.config import TrainingConfig
from gpicl.metatraining.muon import Muon


class Chained(Optimizer):
    """Several optimisers that act as one.

    WHY: Lightning counts the steps of every optimiser, so two optimisers would count every batch twice.

    Args:
        optimisers: Optimisers of disjoint parameters.
    """

    def __init__(self, *optimisers: Optimizer) -> None:
        super().__init__([{"params": list(_parameters(o))} for o in optimisers], {})
        self.optimisers = optimisers
        # The same dictionaries, so that a learning rate set here reaches the optimiser that owns it.
        self.param_groups = [group for o in optimisers for group in o.param_groups]

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step with each of them."""
        loss = closure() if closure is not None else None
        for optimiser in self.optimisers:
            optimiser.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return the states of all optimisers, in order."""
        return {"optimisers": [o.state_dict() for o in self.optimisers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the states of all optimisers, in order."""
        for optimiser, state in zip(self.optimisers, state_dict["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        self.param_groups = [group for o in self.optimisers for group in o.param_groups]


def hidden_matrices(learner: nn.Module) -> list[Tensor]:
    """Return the weights that Muon is meant for: those of linear layers and LSTMs that are not inputs or outputs.

    A Transformer marks its first and last layer by naming them `embed` and `readout`; other learners have none so
    named, and Muon trains all their matrices. The four gates of an LSTM are one
    matrix, as they are stored. With its matrices included, an LSTM leaves its plateau in half as many steps
    (docs/lab-notebook.md).

    Args:
        learner: Any learner.
    """
    return [
        weight
        for name, module in learner.named_modules()
        if isinstance(module, (nn.Linear, nn.LSTM)) and name.split(".")[0] not in ("embed", "readout")
        for weight in module.parameters(recurse=False)
        if weight.ndim == 2
    ]


def build_optimiser(learner: nn.Module, config: TrainingConfig) -> Optimizer:
    """Build the configured optimiser.

    Muon orthogonalises the update of every hidden matrix and leaves the plateau several times sooner than Adam
    (docs/lab-notebook.md). The Adam used with it averages squared gradients over fewer steps (0.99), because such runs
    are short. Adam is always fused: one call for all parameters, instead of eight for each on a CPU by default.

    Args:
        learner: Learner whose parameters are optimised.
        config: Optimiser, learning rates, weight decays and epsilon.
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
