"""MNIST: 70,000 handwritten digits."""

from gpicl.data.sources.downloaded import DownloadedSource

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
