"""Weights by name: those that are part of this package, and those of any run by the path of its folder."""

from os import PathLike
from pathlib import Path

from gpicl.errors import UnknownNameError
from gpicl.weights.storage import CARD_FILE

_SHIPPED = Path(__file__).parent / "shipped"


def shipped_weights() -> list[str]:
    """List the names of the weights that are part of this package."""
    return sorted(card.parent.name for card in _SHIPPED.glob(f"*/{CARD_FILE}"))


def find_weights(weights: str | PathLike[str]) -> Path:
    """Find the folder of weights.

    Args:
        weights: A shipped name, or the folder of a run. A shipped name wins over a folder of the same name: write
            `./mnist` for the folder.

    Raises:
        UnknownNameError: If it is neither.
    """
    if weights in shipped_weights():
        return _SHIPPED / weights
    path = Path(weights).expanduser()
    # What has a folder in it was meant as a path; that it holds no weights is said by whoever reads them.
    if path.exists() or len(path.parts) > 1:
        return path
    raise UnknownNameError(
        "weights", str(weights), shipped_weights(), "Or give the folder of a finished `gpicl train` run."
    )
