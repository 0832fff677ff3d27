"""Kuzushiji-MNIST: 70,000 handwritten Japanese characters."""

from gpicl.data.sources.downloaded import DownloadedSource

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
