"""Views: what the members of an ensemble see of the same examples."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from gpicl.classifier.lifts import Distances, Plain, Squares
from gpicl.classifier.spaces import NormalScores, Scaled, Whitened


class View(NamedTuple):
    """One way to look at examples.

    Attributes:
        space: Which columns count how much: `scaled`, `normal` or `whitened`; see `spaces`.
        lift: What a direction can tell: `plain`, `squares` or `distances`; see `lifts`.
    """

    space: str
    lift: str


# In the order in which members of a small ensemble take them. Chosen on iris, wine, breast cancer, digits and MNIST-1D.
VIEWS = (
    View("normal", "squares"),
    View("scaled", "distances"),
    View("normal", "distances"),
    View("scaled", "plain"),
    View("whitened", "distances"),
    View("scaled", "squares"),
    View("normal", "plain"),
    View("whitened", "plain"),
)

_LIFTS: dict[str, type[Plain | Squares | Distances]] = {"plain": Plain, "squares": Squares, "distances": Distances}


class Views:
    """Several views made from one context.

    Args:
        context: Features of the context, without gaps.
        views: Which ones.
    """

    def __init__(self, context: Float64[np.ndarray, "N F"], views: Sequence[View]) -> None:
        self._views = tuple(views)
        needed = {view.space for view in views}
        self._scaled = Scaled(context) if "scaled" in needed else None
        self._normal = NormalScores(context) if needed & {"normal", "whitened"} else None
        self._whitened = Whitened(self._normal(context)) if self._normal and "whitened" in needed else None
        spaces = self._spaces(context)
        self._lifts = [_LIFTS[view.lift](spaces[view.space]) for view in views]

    def __call__(self, features: Float64[np.ndarray, "N F"]) -> list[Float64[np.ndarray, "N _"]]:
        """See the context, or queries, in every view; each has its own number of features."""
        spaces = self._spaces(features)
        return [lift(spaces[view.space]) for view, lift in zip(self._views, self._lifts, strict=True)]

    def _spaces(self, features: np.ndarray) -> dict[str, np.ndarray]:
        spaces = {}
        if self._scaled:
            spaces["scaled"] = self._scaled(features)
        if self._normal:
            spaces["normal"] = self._normal(features)
        if self._whitened:
            spaces["whitened"] = self._whitened(spaces["normal"])
        return spaces
