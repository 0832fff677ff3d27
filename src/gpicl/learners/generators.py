"""The random generators that a module holds, and their states as a checkpoint can hold them."""

import random
from typing import Any

import numpy as np
import torch
from torch import nn

_KINDS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


def generators_of(module: nn.Module) -> dict[str, Any]:
    """Find the generators that are attributes of a module or its submodules, each once and in a fixed order.

    Args:
        module: A learner, or any module that may hold generators.

    Returns:
        The generators by the name of the attribute, such as `layer.random`.
    """
    known: set[int] = set()
    found: dict[str, Any] = {}
    for prefix, part in module.named_modules():
        for name, value in sorted(vars(part).items()):
            if isinstance(value, _KINDS) and id(value) not in known:
                known.add(id(value))
                found[f"{prefix}.{name}".removeprefix(".")] = value
    return found


def generator_states(module: nn.Module) -> list[Any]:
    """Return the states of a module's generators, which a checkpoint can hold without pickled classes.

    Args:
        module: See `generators_of`.

    Returns:
        Tensors, numbers, strings, and lists and dictionaries of them.
    """
    states: list[Any] = []
    for generator in generators_of(module).values():
        if isinstance(generator, torch.Generator):
            states.append(generator.get_state())
        elif isinstance(generator, random.Random):
            states.append(generator.getstate())
        elif isinstance(generator, np.random.Generator):
            states.append(plain_state(generator.bit_generator.state))
        else:
            states.append(plain_state(generator.get_state(legacy=False)))
    return states


def restore_generators(module: nn.Module, states: list[Any]) -> None:
    """Restore the states of a module's generators.

    Args:
        module: A module with the same generators.
        states: See `generator_states`.
    """
    for generator, state in zip(generators_of(module).values(), states, strict=True):
        if isinstance(generator, torch.Generator):
            generator.set_state(state)
        elif isinstance(generator, random.Random):
            version, numbers, normal = state
            generator.setstate((version, tuple(numbers), normal))
        elif isinstance(generator, np.random.Generator):
            generator.bit_generator.state = _arrays(state)
        else:
            generator.set_state(_arrays(state))


def plain_state(state: Any) -> Any:
    """Turn the arrays and NumPy numbers of a generator's state into lists and plain numbers.

    Args:
        state: State of a NumPy generator.
    """
    if isinstance(state, dict):
        return {key: plain_state(value) for key, value in state.items()}
    if isinstance(state, np.ndarray):
        return {"array": [int(number) for number in state.ravel()], "dtype": state.dtype.str}
    return state.item() if isinstance(state, np.generic) else state


def _arrays(state: Any) -> Any:
    if isinstance(state, dict) and set(state) == {"array", "dtype"}:
        return np.array(state["array"], state["dtype"])
    return {key: _arrays(value) for key, value in state.items()} if isinstance(state, dict) else state
