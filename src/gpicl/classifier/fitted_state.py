"""The fitted state of a classifier as plain data: arrays, numbers, text, lists, dicts and scikit-learn's own models.

WHY: a fitted classifier keeps what its members computed from the context. As plain data, it need not be computed again
when a pickle is loaded or sent to a worker process, and formats that reject custom objects, such as skops, accept it.
"""

from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import torch

from gpicl.errors import CheckpointError
from gpicl.learners import Learner
from gpicl.weights.storage import learner_name, rebuild_learner

_PACKAGE = "gpicl."


def freeze(value: Any) -> Any:
    """Convert a value, including everything in it, to plain data.

    Args:
        value: A number, text, array, tensor, learner, container or object of this package. Anything else is returned
            unchanged.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray):
        return _freeze_array(value)
    if isinstance(value, torch.Tensor):
        return {"is": "tensor", "array": _freeze_array(value.detach().cpu().numpy())}
    if isinstance(value, np.generic):
        return {"is": "scalar", "array": np.asarray(value)}
    if isinstance(value, Learner):
        state = {name: _freeze_array(tensor.detach().cpu().numpy()) for name, tensor in value.state_dict().items()}
        return {"is": "learner", "name": learner_name(value), "options": freeze(value.options), "state": state}
    if isinstance(value, dict):
        return {"is": "dict", "keys": [freeze(key) for key in value], "values": [freeze(v) for v in value.values()]}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _of_class("named", value, [freeze(item) for item in value]) if _is_own(type(value)) else value
    if isinstance(value, list | tuple | set | frozenset):
        return {"is": type(value).__name__, "items": [freeze(item) for item in value]}
    if isinstance(value, partial):
        return {"is": "partial", "class": _path(value.func), "keywords": freeze(value.keywords)}
    if _is_own(type(value)):
        return _of_class("object", value, freeze(vars(value)))
    return value


def thaw(data: Any) -> Any:
    """Restore the value from the plain data that `freeze` returned.

    Args:
        data: What `freeze` returned.

    Raises:
        CheckpointError: If it was stored by another version of this package, with other classes.
    """
    if not isinstance(data, dict):
        return data
    kind = data["is"]
    if kind in ("array", "symmetric", "objects"):
        return _thaw_array(data)
    if kind == "tensor":
        array = _thaw_array(data["array"])
        # A worker process may receive read-only arrays, for which PyTorch issues a warning.
        return torch.from_numpy(array if array.flags.writeable else array.copy())
    if kind == "scalar":
        return data["array"][()]
    if kind == "learner":
        return _thaw_learner(data)
    if kind == "dict":
        return dict(zip(map(thaw, data["keys"]), map(thaw, data["values"]), strict=True))
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](map(thaw, data["items"]))
    cls = _class(data["class"])
    if kind == "partial":
        return partial(cls, **thaw(data["keywords"]))
    if kind == "named":
        return cls(*map(thaw, data["state"]))
    thawed = cls.__new__(cls)
    vars(thawed).update(thaw(data["state"]))
    return thawed


_CONTAINERS: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def _freeze_array(array: np.ndarray) -> dict[str, Any]:
    """Store half of a symmetric matrix, and float32 numbers if that loses nothing."""
    if array.dtype.kind == "O":
        return {"is": "objects", "items": array.ravel().tolist(), "shape": list(array.shape)}
    stored = array
    if array.dtype == np.float64:
        with np.errstate(over="ignore"):
            single = array.astype(np.float32)
        if np.array_equal(single, array, equal_nan=True):
            stored = single
    frozen = {"is": "array", "array": stored, "dtype": str(array.dtype)}
    if array.ndim > 1 and array.shape[-1] == array.shape[-2] > 1 and np.array_equal(array, array.swapaxes(-1, -2)):
        rows, columns = np.tril_indices(array.shape[-1])
        return frozen | {"is": "symmetric", "array": stored[..., rows, columns]}
    return frozen


def _thaw_array(data: dict[str, Any]) -> np.ndarray:
    if data["is"] == "objects":
        objects = np.empty(len(data["items"]), dtype=object)
        objects[:] = data["items"]
        return objects.reshape(data["shape"])
    stored = np.asarray(data["array"])
    if data["is"] == "symmetric":
        size = int((np.sqrt(8 * stored.shape[-1] + 1) - 1) / 2)
        rows, columns = np.tril_indices(size)
        whole = np.empty((*stored.shape[:-1], size, size), data["dtype"])
        whole[..., rows, columns] = stored
        whole[..., columns, rows] = stored
        return whole
    return stored.astype(data["dtype"], copy=False)


def _thaw_learner(data: dict[str, Any]) -> Learner:
    state = {name: torch.from_numpy(_thaw_array(array).copy()) for name, array in data["state"].items()}
    return rebuild_learner(data["name"], thaw(data["options"]), state).requires_grad_(False)


def _of_class(kind: str, value: Any, state: Any) -> dict[str, Any]:
    return {"is": kind, "class": _path(type(value)), "state": state}


def _path(thing: Any) -> str:
    return f"{thing.__module__}:{thing.__qualname__}"


def _is_own(cls: type) -> bool:
    return cls.__module__.startswith(_PACKAGE)


def _class(path: str) -> Any:
    module, _, name = path.partition(":")
    try:
        # Only this package is imported, since a file could name any module.
        if module.startswith(_PACKAGE):
            return getattr(import_module(module), name)
        raise ImportError(f"{path} is not part of gpicl")
    except (ImportError, AttributeError) as error:
        raise CheckpointError(
            f"This fitted classifier was stored by another version of gpicl ({error}). Fit it again, or install the "
            "version that stored it."
        ) from error
