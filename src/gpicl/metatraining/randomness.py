"""Random numbers that a learner draws in training, such as dropout, as a function of only the seed and the step."""

import random
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from torch import nn

_KINDS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


class StepRandomness(Callback):
    """Seeds the global generators of Python, NumPy and PyTorch at every step, and saves the learner's own generators.

    WHY seeded rather than saved and restored: other code that draws from the global generators between two steps
    (validation, a data loader, a logger) then has no effect, and a resumed run needs only its step number. The state of
    generators that a learner holds is saved in the checkpoint and restored after validation.

    Args:
        seed: Seed of the run.
        first_step: Number of the run's first step.
    """

    def __init__(self, seed: int, first_step: int = 0) -> None:
        self._seed, self._first_step = seed, first_step
        self._before_validation: list[Any] = []
        self._loaded: list[Any] | None = None

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Seed the global generators for this step."""
        if self._loaded is not None:
            _restore(pl_module, self._loaded)
            self._loaded = None
        digest = sha256(f"{self._seed} {self._first_step + trainer.global_step}".encode()).digest()
        torch.manual_seed(int.from_bytes(digest[:7], "little"))
        np.random.seed(int.from_bytes(digest[8:12], "little"))
        random.seed(digest)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the states of the learner's generators."""
        self._before_validation = _states(pl_module)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore the states of the learner's generators."""
        _restore(pl_module, self._before_validation)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Save the states of the learner's generators."""
        checkpoint["generators"] = _states(pl_module)

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Read the states of the learner's generators, which the first step restores."""
        self._loaded = checkpoint.get("generators")


def host_randomness(learner: nn.Module) -> list[Any]:
    """Return the states of the global generators and of the learner's own, to compare.

    Args:
        learner: Its generators are found as `StepRandomness` finds them.
    """
    states = [torch.get_rng_state(), random.getstate(), _plain(np.random.get_state(legacy=False)), *_states(learner)]
    return [state.tolist() if isinstance(state, torch.Tensor) else state for state in states]


def _generators(module: nn.Module) -> Iterator[Any]:
    """Yield the generators that are attributes of a module or its submodules, each once and in a fixed order."""
    known: set[int] = set()
    for part in module.modules():
        for _, value in sorted(vars(part).items()):
            if isinstance(value, _KINDS) and id(value) not in known:
                known.add(id(value))
                yield value


def _states(module: nn.Module) -> list[Any]:
    """Return the states as tensors, numbers and strings, which a checkpoint can hold without pickled classes."""
    states: list[Any] = []
    for generator in _generators(module):
        if isinstance(generator, torch.Generator):
            states.append(generator.get_state())
        elif isinstance(generator, random.Random):
            states.append(generator.getstate())
        elif isinstance(generator, np.random.Generator):
            states.append(_plain(generator.bit_generator.state))
        else:
            states.append(_plain(generator.get_state(legacy=False)))
    return states


def _restore(module: nn.Module, states: list[Any]) -> None:
    for generator, state in zip(_generators(module), states, strict=True):
        if isinstance(generator, torch.Generator):
            generator.set_state(state)
        elif isinstance(generator, random.Random):
            version, numbers, normal = state
            generator.setstate((version, tuple(numbers), normal))
        elif isinstance(generator, np.random.Generator):
            generator.bit_generator.state = _arrays(state)
        else:
            generator.set_state(_arrays(state))


def _plain(state: Any) -> Any:
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    if isinstance(state, np.ndarray):
        return {"array": [int(number) for number in state.ravel()], "dtype": state.dtype.str}
    return state.item() if isinstance(state, np.generic) else state


def _arrays(state: Any) -> Any:
    if isinstance(state, dict) and set(state) == {"array", "dtype"}:
        return np.array(state["array"], state["dtype"])
    return {key: _arrays(value) for key, value in state.items()} if isinstance(state, dict) else state
