"""Which data sets stand behind the names that experiments speak of."""

from gpicl.data import list_datasets
from gpicl.errors import ConfigError
from gpicl.experiments.reproduction.settings import Scale

# A smoke test must run where there is no network: MNIST's 5,000 packaged images, and other small pictures of digits.
_OFFLINE = {"mnist": "mnist_5k", "fashion_mnist": "digits", "kmnist": "digits", "cifar10": "random", "svhn": "random"}


def find_sources(scale: Scale, data: str | None) -> dict[str, str]:
    """Decide what is loaded for each data set.

    Args:
        scale: At `smoke`, data sets that need no network take the others' place.
        data: What the user gives in their place, as in mnist=files/mnist.npz,fashion_mnist=mnist_5k; a path, or the
            name of a known data set.

    Raises:
        ConfigError: If a part of it is no NAME=PATH, or names a data set that no experiment speaks of.
    """
    sources = dict(_OFFLINE) if scale == "smoke" else {}
    known = {info.name for info in list_datasets()}
    for part in data.split(",") if data else ():
        name, separator, place = part.partition("=")
        if not (separator and place):
            raise ConfigError(f"--data is a list of NAME=PATH with commas between them, and {part!r} is none.")
        if name not in _OFFLINE:
            raise ConfigError(f"No experiment speaks of a data set {name!r}. They speak of {', '.join(_OFFLINE)}.")
        sources[name] = place if place in known else part
    return sources
