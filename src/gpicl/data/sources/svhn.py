"""SVHN: 99,289 colour photographs of house numbers, cropped to one digit."""

from gpicl.data.sources.downloaded import DownloadedSource

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
