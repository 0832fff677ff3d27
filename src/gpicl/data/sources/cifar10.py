"""CIFAR-10: 60,000 small colour photographs."""

from gpicl.data.sources.downloaded import DownloadedSource

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
