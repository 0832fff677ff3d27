"""Downloads through the real client, from an OpenML that is played by this file."""

import gzip
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

from gpicl.data import load_dataset
from gpicl.data.cache import cache_folder, cached_path, fetch, store
from gpicl.data.openml import download
from gpicl.data.sources.registry import SOURCES
from gpicl.data.sources.source import DownloadedSource
from gpicl.errors import DataError

TOY = DownloadedSource(
    name="toy",
    image_shape=(6, 5, 3),
    classes=tuple("0123456789"),
    num_train=20,
    num_test=10,
    origin="this file",
    licence="MIT",
    openml_id=77,
    planes=True,
)


class Response(io.BytesIO):
    def __init__(self, content: bytes, zipped: bool):
        super().__init__(content)
        self.zipped = zipped

    def info(self) -> dict[str, str]:
        return {"Content-Encoding": "gzip"} if self.zipped else {}


class OpenML:
    """Answers what the client asks of openml.org, and counts how often the data were asked for."""

    def __init__(self, rows: np.ndarray, labels: list):
        names = [f"a{column}" for column in range(rows.shape[1])]
        head = [
            "@RELATION toy",
            *(f"@ATTRIBUTE {name} REAL" for name in names),
            "@ATTRIBUTE class {" + ",".join(str(label) for label in sorted(set(labels))) + "}",
            "@DATA",
        ]
        lines = [",".join([*map(str, row), str(label)]) for row, label in zip(rows.tolist(), labels, strict=True)]
        self.arff = "\n".join([*head, *lines, ""]).encode()
        self.sent, self.zipped = self.arff, False
        self.asked = 0
        common = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
        pixels = [{"name": name, "data_type": "numeric", "is_target": "false", **common} for name in names]
        target = {"name": "class", "data_type": "nominal", "is_target": "true", **common}
        self.features = [{"index": str(i), **f} for i, f in enumerate([*pixels, target])]
        self.rows = len(rows)

    def urlopen(self, request, *_, **__) -> Response:
        url = request.full_url
        if "/features/" in url:
            return self._json({"data_features": {"feature": self.features}})
        if "/qualities/" in url:
            return self._json({"data_qualities": {"quality": [{"name": "NumberOfInstances", "value": str(self.rows)}]}})
        if url.endswith(".arff"):
            self.asked += 1
            return Response(self.sent, self.zipped)
        description = {
            "id": "77",
            "name": "toy",
            "version": "1",
            "status": "active",
            "format": "ARFF",
            "description": "toy",
            "url": "https://www.openml.org/data/v1/download/1/toy.arff",
            "md5_checksum": hashlib.md5(self.arff).hexdigest(),
        }
        return self._json({"data_set_description": description})

    @staticmethod
    def _json(content: dict) -> Response:
        return Response(json.dumps(content).encode(), False)


def _pictures() -> np.ndarray:
    """Pictures whose neighbouring pixels resemble each other and whose colours do not."""
    row, column = np.mgrid[:6, :5]
    colours = np.array([10, 200, 90])
    return (np.arange(30)[:, None, None, None] + (row + 2 * column)[..., None] + colours).astype(np.uint8)


PICTURES = _pictures()
LABELS = [n % 10 for n in range(30)]


@pytest.fixture
def openml(monkeypatch: pytest.MonkeyPatch) -> OpenML:
    server = OpenML(PICTURES.transpose(0, 3, 1, 2).reshape(30, -1), LABELS)
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", server.urlopen)
    return server


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_it_is_downloaded_once_and_split_by_rows(openml, own_cache):
    for _ in range(2):
        train, test = TOY.load("train", None), TOY.load("test", None)
        np.testing.assert_array_equal(np.concatenate([train.images, test.images]), PICTURES)
        assert [*train.labels, *test.labels] == LABELS
        assert (len(train), len(test)) == (20, 10)
    assert openml.asked == 1
    assert _files(own_cache) == ["toy-test.npz", "toy-train.npz"]


@pytest.mark.parametrize("planes", [True, False])
def test_colours_are_read_together_or_in_planes_as_the_source_says(monkeypatch, planes):
    rows = (PICTURES.transpose(0, 3, 1, 2) if planes else PICTURES).reshape(30, -1)
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", OpenML(rows, LABELS).urlopen)
    source = replace(TOY, planes=planes)
    np.testing.assert_array_equal(source.load("train", None).images, PICTURES[:20])


def test_every_source_in_colour_states_the_order_of_its_rows():
    """CIFAR-10's files hold planes; SVHN's publisher wrote out MATLAB's arrays, colours last."""
    in_colour = {name: source.planes for name, source in SOURCES.items() if hasattr(source, "planes")}
    assert {name for name, planes in in_colour.items() if planes} == {"cifar10"}
    assert "svhn" in in_colour


def test_the_class_called_ten_is_zero(monkeypatch):
    server = OpenML(PICTURES.transpose(0, 3, 1, 2).reshape(30, -1), [label or 10 for label in LABELS])
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", server.urlopen)
    assert TOY.load("test", None).labels.tolist() == LABELS[20:]


def test_labels_in_quotes_are_numbers_all_the_same(monkeypatch):
    server = OpenML(PICTURES.reshape(30, -1), [f"'{label}'" for label in LABELS])
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", server.urlopen)
    assert TOY.load("test", None).labels.tolist() == LABELS[20:]


def test_labels_that_are_no_numbers_are_refused(monkeypatch):
    server = OpenML(PICTURES.reshape(30, -1), ["cat", "dog", "fox"] * 10)
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", server.urlopen)
    with pytest.raises(DataError, match="labels of 'toy' are not numbers"):
        TOY.load("test", None)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_download_is_refused_and_never_kept(openml, own_cache, zipped):
    whole = gzip.compress(openml.arff) if zipped else openml.arff
    openml.sent, openml.zipped = whole[: len(whole) // 2], zipped
    with pytest.raises(DataError, match=r"'toy'.*truncated or garbled.*Nothing was kept.*toy=PATH"):
        TOY.load("train", None)
    assert _files(own_cache) == []
    openml.sent = whole
    assert len(TOY.load("train", None)) == 20


def test_a_garbled_download_is_refused(openml):
    openml.sent = openml.arff.replace(b"100", b"101")
    with pytest.raises(DataError, match="md5"):
        TOY.load("train", None)


def test_a_data_set_that_changed_its_size_is_refused(openml):
    with pytest.raises(DataError, match=r"\[30, 90\], not \[31, 90\]"):
        download(77, "toy", 31, (6, 5, 3))


def test_pixels_that_are_no_bytes_are_refused(monkeypatch):
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", OpenML(PICTURES.reshape(30, -1) / 255, LABELS).urlopen)
    with pytest.raises(DataError, match=r"not whole numbers 0\.\.255"):
        TOY.load("train", None)


@pytest.mark.parametrize("name", ["mnist", "kmnist", "cifar10", "svhn"])
def test_without_a_network_the_error_says_what_to_do(name, own_cache):
    with pytest.raises(DataError, match=rf"digits, mnist_5k, mnist1d or random.*root.*{name}=PATH.*IDX.*npz"):
        load_dataset(name)
    assert _files(own_cache) == []


def test_a_network_that_breaks_off_leaves_nothing(openml, own_cache, monkeypatch):
    def breaks(request, *_, **__):
        if request.full_url.endswith(".arff"):
            raise URLError(ConnectionResetError("reset by peer"))
        return openml.urlopen(request)

    monkeypatch.setattr("sklearn.datasets._openml.urlopen", breaks)
    with pytest.raises(DataError, match="reset by peer"):
        TOY.load("train", None)
    assert _files(own_cache) == []


@pytest.mark.parametrize("damage", ["truncated", "empty", "one bit", "other content"])
def test_a_damaged_cache_is_named_removed_and_fetched_again(openml, caplog, damage):
    TOY.load("train", None)
    path = cached_path("toy", "train")
    content = bytearray(path.read_bytes())
    if damage == "other content":
        np.savez(path, images=PICTURES[:20], labels=np.arange(20) % 10, sha256=np.array("0" * 64))
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes({"truncated": content[:-50], "empty": b"", "one bit": bytes(content)}[damage])
    np.testing.assert_array_equal(TOY.load("train", None).images, PICTURES[:20])
    assert f"{path} is damaged" in caplog.text
    assert fetch("toy", "train", TOY.classes) is not None


def test_a_damaged_cache_is_removed_even_without_a_network(openml, monkeypatch, caplog):
    TOY.load("train", None)
    path = cached_path("toy", "train")
    path.write_bytes(b"garbage")

    def refuse(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr("sklearn.datasets._openml.urlopen", refuse)
    with pytest.raises(DataError, match="no network"):
        TOY.load("train", None)
    assert not path.exists()
    assert str(path) in caplog.text


def test_environment_variables_set_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GPICL_CACHE", "~/mine")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("GPICL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "gpicl"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / ".cache" / "gpicl"


def test_a_cache_folder_that_cannot_be_made_names_the_remedy(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GPICL_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(DataError, match="Set GPICL_CACHE"):
        store("toy", "train", PICTURES, np.array(LABELS))
