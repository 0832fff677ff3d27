"""Data sets: names and files in, images and features out.

`load_dataset` turns a name or a path into an `ImageDataset`; `preprocess` turns that into the `FeatureDataset` from
which tasks are made; `load_features` does both, and takes archives of frozen features as they are. Importing this room
costs no more than importing NumPy: whatever reads a source is imported when that source is read.
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
