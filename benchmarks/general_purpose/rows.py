"""Data sets of the table, in order."""

from typing import NamedTuple


class Row(NamedTuple):
    """A data set of the table.

    Attributes:
        title: Title in the table.
        source: Name in `--data`, or of a known data set.
        size: Height and width in pixels.
        channels: 1 for grey, 3 for colour.
        untouched: Whether it was never used before this table.
    """

    title: str
    source: str
    size: int = 14
    channels: int = 1
    untouched: bool = False


ROWS = {
    "mnist": Row("MNIST", "mnist"),
    "fashion_mnist": Row("Fashion-MNIST", "fashion_mnist"),
    "kmnist": Row("KMNIST", "kmnist"),
    "cifar10": Row("CIFAR-10, 14x14 grey", "cifar10"),
    "cifar10_colour": Row("CIFAR-10, 32x32x3", "cifar10", 32, 3),
    "kannada": Row("Kannada-MNIST", "kannada", untouched=True),
    "dig_mnist": Row("Dig-MNIST", "dig_mnist", untouched=True),
    "omniglot": Row("Omniglot, ten-way", "omniglot", untouched=True),
    "digits": Row("digits", "digits"),
    "mnist1d": Row("MNIST-1D", "mnist1d"),
}
