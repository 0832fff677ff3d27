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


# In the order in which members of a small ensemble take them. Chosen on iris, wine, breast cancer, digits and MNIST-1D,
# with the weights that were at hand; four did as well there as eight.
VIEWS = (
    View("normal", "squares"),
    View("scaled", "distances"),
    View("scaled", "squares"),
    View("normal", "distances"),
    View("whitened", "distances"),
    View("scaled", "plain"),
    View("normal", "plain"),
    View("whitened", "plain"),
)

# A space is made from the context as it is, or as it lies in another space, which stands before it.
_SPACES: dict[str, tuple[type[Scaled | NormalScores | Whitened], str | None]] = {
    "scaled": (Scaled, None),
    "normal": (NormalScores, None),
    "whitened": (Whitened, "normal"),
}
_LIFTS: dict[str, type[Plain | Squares | Distances]] = {"plain": Plain, "squares": Squares, "distances": Distances}


class Views:
    """Several views, made from one context by `make_views`.

    Args:
        views: Which ones.
        spaces: The spaces that they need, by name; each after those it is made from.
        lifts: The lift of every view.
    """

    def __init__(
        self,
        views: Sequence[View],
        spaces: dict[str, Scaled | NormalScores | Whitened],
        lifts: Sequence[Plain | Squares | Distances],
    ) -> None:
        self._views, self._spaces, self._lifts = tuple(views), spaces, tuple(lifts)

    def __call__(self, features: Float64[np.ndarray, "Q F"]) -> list[Float64[np.ndarray, "Q _"]]:
        """See queries in every view; each has its own number of features."""
        seen: dict[str | None, np.ndarray] = {None: features}
        for name, space in self._spaces.items():
            seen[name] = space(seen[_SPACES[name][1]])
        return [lift(seen[view.space]) for view, lift in zip(self._views, self._lifts, strict=True)]


def make_views(
    context: Float64[np.ndarray, "N F"], views: Sequence[View]
) -> tuple[Views, list[Float64[np.ndarray, "N _"]]]:
    """Make views from a context.

    Args:
        context: Its features, without gaps.
        views: Which ones.

    Returns:
        The views, and the context in each of them; the latter apart, since only queries will have to be seen again.
    """
    seen: dict[str | None, np.ndarray] = {None: context}
    spaces = {}
    needed = {view.space for view in views}
    needed |= {source for name in needed if (source := _SPACES[name][1])}
    for name, (make, source) in _SPACES.items():
        if name in needed:
            spaces[name] = make(seen[source])
            seen[name] = spaces[name](seen[source])
    lifts = [_LIFTS[view.lift](seen[view.space]) for view in views]
    return Views(views, spaces, lifts), [lift(seen[v.space]) for v, lift in zip(views, lifts, strict=True)]
