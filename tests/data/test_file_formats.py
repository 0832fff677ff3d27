"""Every parser reads real bytes, and names the file where they are damaged."""

import collections
import gzip
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from gpicl.data import load_dataset
from gpicl.errors import DataError

RANDOM = np.random.RandomState(0)
GREY = {split: RANDOM.randint(0, 256, (count, 4, 3)).astype(np.uint8) for split, count in (("train", 8), ("test", 4))}
LABELS = {"train": np.arange(8, dtype=np.uint8) % 4, "test": np.arange(4, dtype=np.uint8) % 2}


def _write_idx(folder: Path, zipped: bool = True, dot: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for split, stem in (("train", "train"), ("test", "t10k")):
        for what, array in (("images", GREY[split]), ("labels", LABELS[split])):
            header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            name = f"{stem}-{what}{'.' if dot else '-'}idx{array.ndim}-ubyte"
            content = header + array.tobytes()
            (folder / (name + ".gz" * zipped)).write_bytes(gzip.compress(content) if zipped else content)
    return folder


def _write_cifar(folder: Path, protocol: int = 2, bytes_keys: bool = True) -> np.ndarray:
    folder.mkdir(parents=True, exist_ok=True)
    images = RANDOM.randint(0, 256, (12, 32, 32, 3)).astype(np.uint8)
    for index, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        planes = images[2 * index : 2 * index + 2].transpose(0, 3, 1, 2).reshape(2, 3072)
        batch = {"data": planes, "labels": [index, 9], "batch_label": "one", "filenames": ["a.png", "b.png"]}
        if bytes_keys:
            batch = {key.encode(): value for key, value in batch.items()}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=protocol))
    return images


def _write_svhn(folder: Path) -> np.ndarray:
    images = RANDOM.randint(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    for split in ("train", "test"):
        savemat(folder / f"{split}_32x32.mat", {"X": images.transpose(1, 2, 3, 0), "y": np.array([[1], [10], [9]])})
    return images


def _write_pictures(folder: Path, mode: str = "L", size: tuple[int, int] = (5, 4)) -> None:
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(2):
            pixels = RANDOM.randint(0, 256, (size[1], size[0], len(mode))).astype(np.uint8)
            Image.fromarray(pixels[..., 0] if mode == "L" else pixels).save(folder / name / f"{number}.png")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("dot", [True, False])
def test_idx_folders(tmp_path, zipped, dot):
    _write_idx(tmp_path / "clothes", zipped, dot)
    for split in ("train", "test"):
        dataset = load_dataset(str(tmp_path / "clothes"), split)
        assert dataset.name == "clothes"
        assert dataset.classes == ("0", "1", "2", "3")  # though the test split has only two of them
        np.testing.assert_array_equal(dataset.images[..., 0], GREY[split])
        np.testing.assert_array_equal(dataset.labels, LABELS[split])


@pytest.mark.parametrize("below", ["raw", "MNIST/raw"])
def test_idx_files_where_torchvision_puts_them(tmp_path, below):
    _write_idx(tmp_path / below, zipped=False)
    assert len(load_dataset(tmp_path, "test")) == 4


def test_a_folder_of_several_data_sets_asks_which(tmp_path):
    _write_idx(tmp_path / "MNIST/raw")
    _write_idx(tmp_path / "KMNIST/raw")
    with pytest.raises(DataError, match=r"KMNIST.*MNIST.*path of one"):
        load_dataset(tmp_path)


def test_a_label_names_what_is_read(tmp_path):
    _write_idx(tmp_path / "a")
    assert load_dataset(f"clothes={tmp_path / 'a'}").name == "clothes"


def test_a_missing_idx_file_says_what_was_looked_for(tmp_path):
    _write_idx(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    assert len(load_dataset(tmp_path, "train")) == 8
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte, t10k-labels\.idx1-ubyte"):
        load_dataset(tmp_path, "test")


def test_idx_images_and_labels_of_unequal_number(tmp_path):
    _write_idx(tmp_path, zipped=False)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, 2) + b"\0\1")
    with pytest.raises(DataError, match="8 images but 2 labels"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("keep", [0, 3, 6, 15, -1])
def test_a_truncated_idx_file_is_named(tmp_path, zipped, keep):
    _write_idx(tmp_path, zipped)
    path = tmp_path / ("train-images-idx3-ubyte" + ".gz" * zipped)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=rf"{path.name} cannot be read as an IDX file.*delete it and get it again"):
        load_dataset(tmp_path)


def test_an_idx_file_of_another_kind_is_named(tmp_path):
    _write_idx(tmp_path, zipped=False)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"<html>not found</html>")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte cannot be read.*header"):
        load_dataset(tmp_path)


def test_npz_with_one_split_is_both(tmp_path):
    np.savez(tmp_path / "mine.npz", x=GREY["train"], y=LABELS["train"])
    for split in ("train", "test"):
        np.testing.assert_array_equal(load_dataset(tmp_path / "mine.npz", split).images[..., 0], GREY["train"])
    assert load_dataset(tmp_path / "mine.npz").name == "mine"


def test_npz_with_both_splits_has_one_list_of_classes(tmp_path):
    names = {"train": np.array(list("abcdabcd")), "test": np.array(list("dcdc"))}
    arrays = {f"{k}_{s}": v for s in ("train", "test") for k, v in (("x", GREY[s]), ("y", names[s]))}
    np.savez_compressed(tmp_path / "mine.npz", **arrays)
    test = load_dataset(tmp_path / "mine.npz", "test")
    assert test.classes == tuple("abcd")
    assert test.labels.tolist() == [3, 2, 3, 2]
    np.testing.assert_array_equal(test.images[..., 0], GREY["test"])


def test_npz_with_fractions(tmp_path):
    np.savez(tmp_path / "mine.npz", x=GREY["train"] / 255, y=LABELS["train"])
    np.testing.assert_array_equal(load_dataset(tmp_path / "mine.npz").images[..., 0], GREY["train"])


def test_npz_with_other_keys_says_which(tmp_path):
    np.savez(tmp_path / "mine.npz", pictures=GREY["train"], y=LABELS["train"])
    with pytest.raises(DataError, match=r"pictures, y.*x_train and y_train, or x and y"):
        load_dataset(tmp_path / "mine.npz")


@pytest.mark.parametrize("keep", [0, 10, 100, -10])
def test_a_truncated_npz_is_named(tmp_path, keep):
    path = tmp_path / "mine.npz"
    np.savez(path, x=GREY["train"], y=LABELS["train"])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"mine\.npz cannot be read as a NumPy archive"):
        load_dataset(path)


def test_a_garbled_npz_is_named(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez(path, x=GREY["train"], y=LABELS["train"])
    content = bytearray(path.read_bytes())
    content[250] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"mine\.npz cannot be read"):
        load_dataset(path)


def test_a_pickle_inside_an_npz_is_not_run(tmp_path):
    np.savez(tmp_path / "mine.npz", x=np.array([{}, {}], object), y=[0, 1])
    with pytest.raises(DataError, match=r"mine\.npz: x holds Python objects"):
        load_dataset(tmp_path / "mine.npz")


def test_labels_that_are_objects_name_the_remedy(tmp_path):
    np.savez(tmp_path / "mine.npz", x=GREY["train"], y=np.array(["a", "b"] * 4, object))
    with pytest.raises(DataError, match=r"y holds Python objects.* y=y\.astype\(str\) for labels"):
        load_dataset(tmp_path / "mine.npz")


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("bytes_keys", [True, False])
def test_cifar_batches(tmp_path, protocol, bytes_keys):
    images = _write_cifar(tmp_path / "cifar-10-batches-py", protocol, bytes_keys)
    train, test = (load_dataset(tmp_path / "cifar-10-batches-py", split) for split in ("train", "test"))
    np.testing.assert_array_equal(train.images, images[:10])
    np.testing.assert_array_equal(test.images, images[10:])
    assert train.labels.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert train.classes[0] == "airplane"


def test_cifar_by_its_name_and_a_root(tmp_path):
    _write_cifar(tmp_path / "cifar-10-batches-py")
    assert load_dataset("cifar10", root=tmp_path).name == "cifar10"


def test_a_missing_batch_is_named(tmp_path):
    _write_cifar(tmp_path)
    (tmp_path / "data_batch_3").unlink()
    with pytest.raises(DataError, match="data_batch_3"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("keep", [0, 50, 3000, -1])
def test_a_truncated_batch_is_named(tmp_path, keep):
    _write_cifar(tmp_path)
    path = tmp_path / "data_batch_2"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match="data_batch_2 cannot be read as a CIFAR-10 batch"):
        load_dataset(tmp_path)


class _Command:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("evil", ["command", "other class"])
def test_a_batch_cannot_run_code(tmp_path, evil):
    _write_cifar(tmp_path)
    thing = _Command(tmp_path / "owned") if evil == "command" else collections.OrderedDict()
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({b"data": thing, b"labels": [0, 1]}))
    with pytest.raises(DataError, match=r"data_batch_1.*which a batch of images must not contain"):
        load_dataset(tmp_path)
    assert not (tmp_path / "owned").exists()


def test_svhn_files_whose_ten_is_zero(tmp_path):
    images = _write_svhn(tmp_path)
    for found in (
        load_dataset(tmp_path, "test"),
        load_dataset(tmp_path / "train_32x32.mat"),
        load_dataset("svhn", root=tmp_path),
    ):
        np.testing.assert_array_equal(found.images, images)
        assert found.labels.tolist() == [1, 0, 9]


def test_a_missing_svhn_split_is_named(tmp_path):
    _write_svhn(tmp_path)
    (tmp_path / "test_32x32.mat").unlink()
    with pytest.raises(DataError, match=r"test_32x32\.mat"):
        load_dataset(tmp_path, "test")


@pytest.mark.parametrize("keep", [0, 60, 400, -100])
def test_a_truncated_svhn_file_is_named(tmp_path, keep):
    _write_svhn(tmp_path)
    path = tmp_path / "train_32x32.mat"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"train_32x32\.mat cannot be read as a MATLAB file"):
        load_dataset(tmp_path)


def test_a_folder_of_pictures_is_both_splits(tmp_path):
    _write_pictures(tmp_path / "pets")
    (tmp_path / "pets" / "cat" / "notes.txt").write_text("not a picture")
    (tmp_path / "pets" / "empty").mkdir()
    for split in ("train", "test"):
        dataset = load_dataset(tmp_path / "pets", split)
        assert (dataset.name, dataset.classes, dataset.image_shape) == ("pets", ("cat", "dog"), (4, 5, 1))
        assert dataset.labels.tolist() == [0, 0, 1, 1]
    expected = np.asarray(Image.open(tmp_path / "pets" / "dog" / "1.png"))
    np.testing.assert_array_equal(dataset.images[3, ..., 0], expected)


def test_a_folder_of_pictures_with_splits(tmp_path):
    _write_pictures(tmp_path / "train", "RGB")
    _write_pictures(tmp_path / "test", "RGB")
    (tmp_path / "test" / "cat" / "0.png").unlink()
    assert load_dataset(tmp_path, "train").labels.tolist() == [0, 0, 1, 1]
    test = load_dataset(tmp_path, "test")
    assert test.labels.tolist() == [0, 1, 1]
    assert test.image_shape == (4, 5, 3)


def test_a_split_without_pictures_is_refused(tmp_path):
    _write_pictures(tmp_path / "train")
    assert len(load_dataset(tmp_path, "train")) == 4
    with pytest.raises(DataError, match="test holds no pictures"):
        load_dataset(tmp_path, "test")


def test_pictures_get_the_size_of_the_first_and_colour_if_any_has_it(tmp_path):
    _write_pictures(tmp_path)
    Image.new("RGB", (9, 9), (255, 0, 0)).save(tmp_path / "dog" / "9.png")
    dataset = load_dataset(tmp_path)
    assert dataset.image_shape == (4, 5, 3)
    assert dataset.images[-1, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("keep", [0, 20, 60])
def test_a_truncated_picture_is_named(tmp_path, keep):
    _write_pictures(tmp_path, "RGB", (20, 20))
    path = tmp_path / "dog" / "1.png"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"1\.png cannot be read as a picture"):
        load_dataset(tmp_path)


def test_a_folder_without_data_says_what_is_accepted(tmp_path):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match=r"nothing holds no data set\. Accepted.*IDX.*npz.*CIFAR.*SVHN.*pictures"):
        load_dataset(tmp_path / "nothing")


def test_a_file_of_unknown_format_says_what_is_accepted(tmp_path):
    (tmp_path / "data.csv").write_text("1,2,3")
    with pytest.raises(DataError, match=r"not in a known format\. Accepted: .*IDX.*npz"):
        load_dataset(tmp_path / "data.csv")
