"""Data sets: load images and features by name or from files.

`load_dataset` loads an `ImageDataset` from a name or a path. `preprocess` turns it into the `FeatureDataset` that tasks
are made from. `load_features` does both, and reads archives of frozen features unchanged. Importing this package takes
no longer than importing NumPy: the library that reads a source is imported when that source is read.
"""

from gpicl.data.dataset import ImageDataset
from gpicl.data.features import FeatureDataset
from gpicl.data.load import (
    Contents,
    DatasetInfo,
    contents_of,
    dataset_label,
    is_known,
    list_datasets,
    load_contents,
    load_dataset,
    load_features,
    split_names,
)
from gpicl.data.preprocessing import preprocess, with_rotations
from gpicl.data.splits import hold_out

__all__ = [
    "Contents",
    "DatasetInfo",
    "FeatureDataset",
    "ImageDataset",
    "contents_of",
    "dataset_label",
    "hold_out",
    "is_known",
    "list_datasets",
    "load_contents",
    "load_dataset",
    "load_features",
    "preprocess",
    "split_names",
    "with_rotations",
]
