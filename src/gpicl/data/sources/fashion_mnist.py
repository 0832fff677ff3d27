"""Fashion-MNIST: 70,000 pictures of clothes."""

from gpicl.data.sources.downloaded import DownloadedSource

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
