"""Merged classes: tasks whose labels each stand for two or three classes.

WHY: almost every class of MNIST is a single cluster. Classes of other data sets may have several: a character that is
written in two ways, or dogs of all breeds. A learner trained only on single clusters learns to expect them
(docs/lab-notebook.md).
"""

import torch
from jaxtyping import Int64
from torch import Tensor

from gpicl.data import FeatureDataset, with_rotations
from gpicl.errors import TaskError
from gpicl.tasks.labels import classes_behind
from gpicl.tasks.randomness import Numbers
from gpicl.tasks.widenings.widening import Setting, Widening

_MOST = 3


class Merging(Widening):
    """Two or three classes behind every label, if there are enough.

    Merging changes which examples are drawn, so it comes before all other widenings; see `classes`. Rotations of square
    images by 90, 180 and 270 degrees are further classes.
    """

    name = "merging"

    def __init__(self, probability: float, setting: Setting) -> None:
        super().__init__(probability, setting)
        pool = self.pool(setting.data)
        self.most = min(_MOST, len(pool.classes) // setting.num_classes)
        if probability and self.most < 2:
            raise TaskError(
                f"Merging needs two classes for each of the {setting.num_classes} labels, but data set "
                f"{setting.data.name!r} has {len(pool.classes)} classes. Make its images square, which adds their "
                "rotations as classes, lower tasks.num_classes, or leave `merging` out of tasks.widen."
            )
        self._num_pooled = len(pool.classes)

    @staticmethod
    def pool(dataset: FeatureDataset) -> FeatureDataset:
        """Return all examples that merged tasks may show; those of the data set come first."""
        shape = dataset.image_shape
        square = shape is not None and shape[0] == shape[1] and not dataset.fresh_each_episode
        return with_rotations(dataset) if square else dataset

    def classes(
        self, behind: Int64[Tensor, "B C"], numbers: Numbers, among: Tensor, permutation_probability: "float | Tensor"
    ) -> Int64[Tensor, "B {self.most} C"]:
        """Put classes of the pool behind the labels of merged tasks.

        Args:
            behind: Classes of the data set behind the labels of tasks that are not merged.
            numbers: Random numbers of the episodes.
            among: Tasks that may be merged.
            permutation_probability: See `classes_behind`.
        """
        labels = behind.shape[1]
        merged = self.chosen(numbers) & among
        number = 2 + numbers.integers(self.most - 1, "classes of a label", 1)[..., None]
        many = classes_behind(numbers, self._num_pooled, self.most * labels, permutation_probability)
        many = many.unflatten(1, (self.most, labels))
        layer = torch.arange(self.most, device=behind.device)[:, None]
        many = torch.where(layer < number, many, -1)
        one = torch.where(layer < 1, behind[:, None], -1)
        return torch.where(merged[:, None, None], many, one)
