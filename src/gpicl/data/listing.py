"""The known data sets as a table."""

from dataclasses import dataclass

from gpicl.data.sources.registry import SOURCES
from gpicl.data.sources.source import Kind


@dataclass(frozen=True)
class DatasetInfo:
    """One known data set, for people.

    Args:
        name: What `load_dataset` takes.
        source: `offline`: a Python package holds it; `file`: its files are on this machine; `download`: it would be
            downloaded once.
        image_shape: Height, width and channels.
        num_classes: Number of classes.
        num_train: Images of the train split.
        num_test: Images of the test split.
        origin: Where it comes from.
        licence: Under what terms.
        available: Whether it can be loaded now without a network.
        where: Where it is, or what to do to have it.
    """

    name: str
    source: Kind
    image_shape: tuple[int, int, int]
    num_classes: int
    num_train: int
    num_test: int
    origin: str
    licence: str
    available: bool
    where: str


def list_datasets() -> list[DatasetInfo]:
    """List the known data sets, without loading any or using the network."""
    infos = []
    for source in SOURCES.values():
        kind, available, where = source.whereabouts()
        infos.append(
            DatasetInfo(
                name=source.name,
                source=kind,
                image_shape=source.image_shape,
                num_classes=len(source.classes),
                num_train=source.num_train,
                num_test=source.num_test,
                origin=source.origin,
                licence=source.licence,
                available=available,
                where=where,
            )
        )
    return infos
