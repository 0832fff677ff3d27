"""The known data sets by name."""

from gpicl.data.sources.cifar10 import CIFAR10
from gpicl.data.sources.digits import DIGITS
from gpicl.data.sources.fashion_mnist import FASHION_MNIST
from gpicl.data.sources.kmnist import KMNIST
from gpicl.data.sources.mnist import MNIST
from gpicl.data.sources.mnist1d import MNIST1D
from gpicl.data.sources.mnist_5k import MNIST_5K
from gpicl.data.sources.random_images import RANDOM
from gpicl.data.sources.source import Source
from gpicl.data.sources.svhn import SVHN

SOURCES: dict[str, Source] = {
    source.name: source for source in (DIGITS, MNIST_5K, MNIST1D, RANDOM, MNIST, FASHION_MNIST, KMNIST, CIFAR10, SVHN)
}
