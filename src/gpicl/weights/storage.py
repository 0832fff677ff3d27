"""Weights on disk: a `safetensors` file, and a JSON card that tells how to rebuild the learner.

WHY not pickle: loading weights from others must not run their code. A card may name a learner of your own by its import
path; its code must be installed, and is never taken from the folder of the weights.
"""

import copy
import hashlib
import json
import math
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gpicl.errors import CheckpointError, GpiclError, LearnerError, UnknownNameError, WriteError
from gpicl.files import write_atomically
from gpicl.learners import LEARNERS, Learner, build_learner

WEIGHTS_FILE = "weights.safetensors"
"""Name of the file with the tensors."""
CARD_FILE = "weights.json"
"""Name of the file that describes the learner and its meta-training."""
_FORMAT = 1
_building = threading.Lock()


def save_weights(learner: Learner, folder: Path | str, **card: Any) -> Path:
    """Save a learner so that `load_weights` can rebuild it. The card is written last, so its presence means success.

    Args:
        learner: Learner to save.
        folder: An existing folder.
        card: Further entries of the card; JSON values.

    Returns:
        The path of the weights file.
    """
    folder = Path(folder)
    weights = folder / WEIGHTS_FILE
    described = {"format": _FORMAT, "learner": learner_name(learner), "options": learner.options}
    json.dumps({**described, **card})  # a value that JSON lacks is an error before anything is written
    # Killed from here on, the folder has no card rather than that of other weights.
    (folder / CARD_FILE).unlink(missing_ok=True)
    # Cloned, because tensors that share memory (tied weights) cannot be stored otherwise.
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in learner.state_dict().items()}
    write_atomically(weights, lambda part: save_file(state, part))
    described |= {"parameters": learner.num_parameters, "sha256": _digest(weights), **card}
    text = json.dumps(described, indent=2) + "\n"
    write_atomically(folder / CARD_FILE, lambda part: part.write_text(text))
    return weights


def check_can_be_saved(learner: Learner) -> None:
    """Save and rebuild a learner in a temporary folder, to find out before training whether that works.

    Raises:
        LearnerError: If the learner cannot be saved and loaded again; the message says why.
    """
    name = type(learner).__name__
    for required in ("num_features", "num_classes"):
        if required not in learner.options:
            raise LearnerError(
                f"{name} cannot be saved: its constructor must have parameters named num_features and num_classes, "
                f"but it has {', '.join(learner.options) or 'none'}. Rename the parameters."
            )
    for option, value in learner.options.items():
        if not _is_plain(value):
            raise LearnerError(
                f"{name} cannot be saved: its option {option} is {type(value).__name__}, but a card can hold only "
                "numbers, strings, booleans, None, and lists and dictionaries of them. Accept such a value and build "
                "the rest from it in the constructor."
            )
    for key, tensor in learner.state_dict().items():
        if not isinstance(tensor, Tensor):
            raise LearnerError(
                f"{name} cannot be saved: {key} in its state_dict is {type(tensor).__name__}, not a tensor."
            )
    with tempfile.TemporaryDirectory() as folder:
        try:
            save_weights(learner, folder)
            rebuilt = load_weights(folder)
        except WriteError:
            raise
        except GpiclError as error:
            raise LearnerError(f"{name} cannot be saved and loaded again: {error}") from error
    loaded = rebuilt.state_dict()
    wrong = [key for key, tensor in learner.state_dict().items() if not _same(loaded[key], tensor.detach().cpu())]
    if wrong:
        raise LearnerError(f"{name} cannot be saved and loaded again: {', '.join(wrong[:3])} changed.")
    own = copy.deepcopy(learner).cpu().eval()
    if _same(_answers(own), _answers(own)) and not torch.allclose(_answers(own), _answers(rebuilt), equal_nan=True):
        raise LearnerError(
            f"{name} cannot be saved: after loading, its predictions differ, because it holds numbers outside its "
            "state_dict. Make them parameters or buffers (register_buffer)."
        )


def load_card(folder: Path | str) -> dict[str, Any]:
    """Read the card of the weights in a folder.

    Args:
        folder: A run's folder, or another one written by `save_weights`.

    Raises:
        CheckpointError: If the card is missing or cannot be read.
    """
    path = Path(folder) / CARD_FILE
    try:
        card = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise CheckpointError(
            f"No weights in {folder}: {CARD_FILE} is missing. Give the folder of a finished `gpicl train` run. To "
            "finish a run, repeat the command that started it."
        ) from error
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CheckpointError(f"Cannot read {path}: {error}. Restore the file, or meta-train again.") from error
    if not isinstance(card, dict) or card.get("format") != _FORMAT:
        raise CheckpointError(
            f"{path} is not a card of format {_FORMAT}, which this version of gpicl reads. Meta-train again, or "
            "install the version that wrote it."
        )
    missing = [field for field in ("learner", "options", "sha256") if field not in card]
    options = card.get("options")
    if not missing and not isinstance(card["learner"], str):
        raise CheckpointError(
            f"{path} has learner={card['learner']!r}, which must be a name. Restore the file, or meta-train again."
        )
    if missing or not isinstance(options, dict):
        raise CheckpointError(
            f"{path} lacks {', '.join(missing) or 'options'}, which a card must have. Restore the file, or meta-train "
            "again."
        )
    for size in ("num_features", "num_classes"):
        if not isinstance(options.get(size), int):
            raise CheckpointError(
                f"{path} has {size}={options.get(size)!r}, which must be a whole number. Restore the file, or "
                "meta-train again."
            )
    for field, kinds in _NUMBERS.items():
        value = card.get(field)
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool) or not 0 <= value < math.inf):
            raise CheckpointError(
                f"{path} has {field}={value!r}, which must be a number from 0 on. Restore the file, or meta-train "
                "again."
            )
    return card


_NUMBERS: dict[str, Any] = {"parameters": int, "steps": int, "seconds": (int, float)}


def load_weights(folder: Path | str) -> Learner:
    """Rebuild a learner from a folder, on the CPU, in float32 and in evaluation mode.

    PyTorch's default device, default dtype, inference mode and random state have no effect and are not changed.

    Args:
        folder: A run's folder, or another one written by `save_weights`.

    Raises:
        CheckpointError: If files are missing or damaged, the weights do not fit the learner, or its code is in the
            folder of the weights.
    """
    card = load_card(folder)
    path = Path(folder) / WEIGHTS_FILE
    remedy = "Restore the file, or meta-train again."
    try:
        if _digest(path) != card["sha256"]:
            raise CheckpointError(f"{path} is damaged: its checksum differs from that in its card. {remedy}")
        _check_code(card["learner"], Path(folder))
        learner = rebuild_learner(card["learner"], card["options"], load_file(path))
    except CheckpointError:
        raise
    except GpiclError as error:
        raise CheckpointError(str(error)) from error
    except (OSError, KeyError, SafetensorError) as error:
        raise CheckpointError(f"Cannot read the weights {path}: {error}. {remedy}") from error
    except RuntimeError as error:
        raise CheckpointError(
            f"The weights {path} do not fit {card['learner']} as described in their card: "
            f"{_first_reason(error)}. {remedy}"
        ) from error
    return learner


def _check_code(name: str, folder: Path) -> None:
    """Refuse a learner whose module would be imported from the folder of the weights."""
    if name in LEARNERS:
        return
    inside = folder.resolve()
    for entry in sys.path:
        module = Path(entry or ".", *name.split(".")[:-1]).resolve()
        if inside == module or inside in module.parents:
            raise CheckpointError(
                f"The weights {folder} name the learner {name}, whose code would come from the same folder. Weights "
                "must not bring code with them. If you trust it, move the code elsewhere and install it."
            )


def rebuild_learner(name: str, options: dict[str, Any], state: dict[str, torch.Tensor]) -> Learner:
    """Build a learner from its description, on the CPU, in the precision of its state and in evaluation mode.

    Args:
        name: See `learner_name`.
        options: The learner's `options`.
        state: The learner's `state_dict()`.

    Raises:
        GpiclError: See `build_learner`.
        RuntimeError: If the state does not fit the learner.
    """
    others = {k: v for k, v in options.items() if k not in ("num_features", "num_classes")}
    dtypes = {tensor.dtype for tensor in state.values() if tensor.is_floating_point()}
    with _plain_torch():
        learner = build_learner(name, options["num_features"], options["num_classes"], **others)
        if len(dtypes) == 1:
            learner.to(dtypes.pop())
        learner.load_state_dict(state)
    return learner.eval()


def learner_name(learner: Learner) -> str:
    """Return the name by which `build_learner` finds a learner's class."""
    cls = type(learner)
    return cls.__name__ if LEARNERS.get(cls.__name__) == cls.__module__ else f"{cls.__module__}.{cls.__qualname__}"


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(inner) for inner in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(inner) for key, inner in value.items())
    return value is None or type(value) in (bool, int, float, str)


def _answers(learner: Learner) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    length = min(4, learner.max_length or 4)
    inputs = torch.randn(2, length, learner.num_features, generator=generator)
    labels = torch.randint(learner.num_classes, (2, length), generator=generator)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return learner.predict(inputs, labels, [length]).float()


def _same(loaded: Tensor, saved: Tensor) -> bool:
    return loaded.dtype == saved.dtype and torch.equal(loaded.nan_to_num(), saved.nan_to_num())


@contextmanager
def _plain_torch() -> Iterator[None]:
    """Build on the CPU and in float32, regardless of the caller's defaults, and keep the caller's random state.

    WHY a lock: the default dtype and the random state are shared by the whole process.
    """
    with _building, torch.device("cpu"), torch.inference_mode(False), torch.random.fork_rng(devices=[]):
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


def _first_reason(error: Exception) -> str:
    """The first reason of a message of `load_state_dict`, which lists one per line below a heading."""
    lines = [line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()]
    return lines[1] if len(lines) > 1 else (lines or [type(error).__name__])[0]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


_SHIPPED = Path(__file__).resolve().parent / "shipped"


def shipped_weights() -> list[str]:
    """List the names of the weights that are part of this package."""
    return sorted(card.parent.name for card in _SHIPPED.glob(f"*/{CARD_FILE}"))


def is_shipped(folder: Path) -> bool:
    """Whether a folder holds weights that are part of this package."""
    return _SHIPPED in folder.resolve().parents


def find_weights(weights: str | PathLike[str]) -> Path:
    """Find the folder of weights.

    Args:
        weights: A shipped name, or the folder of a run. A shipped name takes precedence over a folder of the same name:
            write `./mnist` for the folder.

    Raises:
        UnknownNameError: If it is neither a shipped name nor an existing folder.
    """
    if weights in shipped_weights():
        return _SHIPPED / weights
    if not isinstance(weights, str | PathLike):
        raise UnknownNameError("weights", repr(weights), shipped_weights(), "Or give the folder of a run.")
    path = Path(weights).expanduser()
    # A name with a folder in it was meant as a path. If it holds no weights, reading them raises the error.
    if path.exists() or len(path.parts) > 1:
        return path
    raise UnknownNameError(
        "weights", str(weights), shipped_weights(), "Or give the folder of a finished `gpicl train` run."
    )
