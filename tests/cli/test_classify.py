"""`gpicl classify` and `gpicl export` as a user types them."""

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from gpicl.cli.main import main

NAMES = np.array(["setosa", "versicolor", "virginica"])


@pytest.fixture
def files(tmp_path, monkeypatch):
    """`train.csv` and `test.csv` with numbers, gaps and a category."""
    monkeypatch.chdir(tmp_path)
    X, y = load_iris(return_X_y=True)
    table = pd.DataFrame(X, columns=["sepal length", "sepal width", "petal length", "petal width"])
    table["label"] = [str(i % 3) for i in range(150)]
    table.iloc[::17, 1] = np.nan
    table["species"] = NAMES[y]
    table[::2].to_csv("train.csv", index=False)
    table[1::2].to_csv("test.csv", index=False)
    return table


def test_predictions_and_probabilities_are_written_for_every_row(files, capsys):
    files[1::2].drop(columns="species")[::-1].to_csv("test.csv", index=False)
    assert main(["classify", "train.csv", "test.csv", "--target", "species", "--output", "out/p.csv"]) == 0
    table = pd.read_csv("out/p.csv")
    assert list(table) == ["prediction", *(f"probability_{name}" for name in NAMES)]
    assert (table["prediction"].to_numpy() == files[1::2]["species"].to_numpy()[::-1]).mean() > 0.9
    np.testing.assert_allclose(table.iloc[:, 1:].sum(axis=1), 1)
    assert "out/p.csv" in capsys.readouterr().err


def test_where_the_answers_are_known_the_accuracy_is_told(files, capsys):
    files[1::2].assign(note="x").to_csv("test.csv", index=False)
    assert main("classify train.csv test.csv --target species --members 1 --random_state 3".split()) == 0
    told = capsys.readouterr().err
    assert "Accuracy on test.csv" in told
    assert "are ignored: note" in told


def test_the_same_command_writes_the_same_file(files, tmp_path):
    for name in ("a.csv", "b.csv"):
        assert main(["classify", "train.csv", "test.csv", "--target", "species", "--output", name]) == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("classify nowhere.csv test.csv --target species", "no file nowhere.csv"),
        ("classify train.csv test.csv --target specie", "no column 'specie' to predict. Its columns: sepal length"),
        ("classify train.csv test.csv", "target"),
        ("classify train.csv narrow.csv --target species", "narrow.csv lacks columns that train.csv has: petal width"),
        ("classify train.csv empty.csv --target species", "empty.csv has no rows"),
        ("classify train.csv blank.csv --target species", "Cannot read blank.csv"),
        ("classify gaps.csv test.csv --target species", "gaps.csv: 1 of 75 rows have no species"),
        ("classify only.csv test.csv --target species", "no column but 'species'"),
        ("classify train.csv test.csv --target species --weights minst", "Did you mean 'mnist'"),
        ("classify train.csv test.csv --target species --members 0", "--members must be a whole number"),
        ("classify numbers.csv numbers.csv --target y", "continuous"),
        ("export nowhere", "Known: general, mnist"),
        ("export mnist --format onxx", "Did you mean 'onnx'"),
        ("export mnist --classes 1", "at least 2"),
    ],
)
def test_mistakes_get_one_paragraph_and_exit_code_2(files, arguments, expected, capsys, tmp_path):
    train, test = files[::2], files[1::2]
    test.drop(columns="petal width").to_csv("narrow.csv", index=False)
    test[:0].to_csv("empty.csv", index=False)
    (tmp_path / "blank.csv").write_text("")
    train.assign(species=["", *train["species"][1:]]).to_csv("gaps.csv", index=False)
    train[["species"]].to_csv("only.csv", index=False)
    pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [0.1, 0.2, 0.3]}).to_csv("numbers.csv", index=False)
    assert main(arguments.split()) == 2
    captured = capsys.readouterr()
    assert expected in captured.err
    assert captured.err.strip().count("\n") == 0
    assert not (tmp_path / "predictions.csv").exists()
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.slow
def test_an_exported_model_runs_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "mnist", "--classes", "3", "--output", "models/m.onnx"]) == 0
    X, y = load_iris(return_X_y=True)
    X = ((X - X[::2].mean(0)) / X[::2].std(0)).astype(np.float32)
    feed = {"context": X[None, ::2], "labels": y[None, ::2].astype(np.int64), "queries": X[None, 1::2]}
    (logits,) = onnxruntime.InferenceSession("models/m.onnx").run(None, feed)
    assert (logits[0].argmax(1) == y[1::2]).mean() > 0.75
