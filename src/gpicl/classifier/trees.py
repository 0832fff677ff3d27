"""Decision trees as a few arrays, so that they can be stored as plain data and evaluated all at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int64


class Trees:
    """A forest of trees that scikit-learn has grown.

    WHY not scikit-learn's trees: evaluated one by one, two hundred trees take ten times as long for a single query.

    Args:
        trees: The attribute `tree_` of each tree.
    """

    def __init__(self, trees: Sequence[Any]) -> None:
        counts = [tree.node_count for tree in trees]
        self._roots = np.cumsum([0, *counts[:-1]]).astype(np.int64)
        starts = np.repeat(self._roots, counts)
        left = np.concatenate([tree.children_left for tree in trees])
        right = np.concatenate([tree.children_right for tree in trees])
        self._is_leaf = left < 0
        # Both branches of a leaf lead back to it.
        own = np.arange(len(starts))
        self._left = np.where(self._is_leaf, own, left + starts).astype(np.int64)
        self._right = np.where(self._is_leaf, own, right + starts).astype(np.int64)
        self._column = np.maximum(np.concatenate([tree.feature for tree in trees]), 0)
        self._threshold = np.concatenate([tree.threshold for tree in trees])
        self._depth = max(tree.max_depth for tree in trees)
        self.values = np.concatenate([tree.value.reshape(tree.node_count, -1) for tree in trees])
        """Predictions of every node, `[nodes, outputs]`."""

    @property
    def leaves(self) -> Int64[np.ndarray, " leaves"]:
        """Indices of the nodes that are leaves."""
        return np.flatnonzero(self._is_leaf).astype(np.int64)

    def apply(self, X: Float[np.ndarray, "N F"]) -> Int64[np.ndarray, "N trees"]:
        """Return the leaf of each row in every tree.

        Args:
            X: Rows; compared in float32, as in scikit-learn.
        """
        numbers = X.astype(np.float32)
        rows = np.arange(len(numbers))[:, None]
        nodes = np.tile(self._roots, (len(numbers), 1))
        for _ in range(self._depth):
            goes_left = numbers[rows, self._column[nodes]] <= self._threshold[nodes]
            nodes = np.where(goes_left, self._left[nodes], self._right[nodes])
        return nodes
