"""`gpicl classify` and `gpicl export` as a user types them."""

import re
import shutil

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from gpicl.cli.main import main
from gpicl.weights import find_weights

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


def test_where_the_answers_are_known_the_accuracy_is_printed(files, capsys):
    files[1::2].assign(note="x").to_csv("test.csv", index=False)
    assert main("classify train.csv test.csv --target species --members 1 --random_state 3".split()) == 0
    told = capsys.readouterr().err
    assert "Accuracy on test.csv" in told
    assert "Ignored columns that train.csv does not have: note" in told


def test_the_same_command_writes_the_same_file(files, tmp_path):
    for name in ("a.csv", "b.csv"):
        assert main(["classify", "train.csv", "test.csv", "--target", "species", "--output", name]) == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def classify(*options):
    return main(["classify", "train.csv", "test.csv", "--target", "species", "--members", "1", *options])


def written(tmp_path):
    return (tmp_path / "predictions.csv").read_bytes()


def test_rows_without_a_label_do_not_count_as_wrong(files, capsys):
    test = files[1::2].copy()
    assert classify() == 0
    capsys.readouterr()
    test.iloc[::3, -1] = np.nan
    test.to_csv("test.csv", index=False)
    assert classify() == 0
    said = capsys.readouterr().err
    assert "Accuracy on test.csv, of which 50 rows have species" in said
    right = (pd.read_csv("predictions.csv")["prediction"].to_numpy() == test["species"].to_numpy()).sum()
    assert float(re.search(r"species: ([\d.]+)%", said)[1]) == pytest.approx(100 * right / 50, abs=0.05)
    test.assign(species=np.nan).to_csv("test.csv", index=False)
    assert classify() == 0
    assert "Accuracy" not in capsys.readouterr().err


@pytest.mark.parametrize(("separator", "decimal"), [(";", "."), (";", ","), ("\t", "."), ("|", ".")])
def test_files_may_be_separated_by_other_characters(files, tmp_path, separator, decimal):
    assert classify() == 0
    expected = written(tmp_path)
    files[::2].to_csv("train.csv", index=False, sep=separator, decimal=decimal)
    assert classify() == 0
    assert written(tmp_path) == expected
    files[1::2].to_csv("test.csv.gz", index=False, sep=separator, decimal=decimal, encoding="utf-8-sig")
    assert main("classify train.csv test.csv.gz --target species --members 1".split()) == 0
    assert written(tmp_path) == expected


@pytest.mark.parametrize("word", ["None", "NA", "nan", "null"])
def test_words_for_missing_values_are_classes_like_others(files, tmp_path, word):
    assert classify() == 0
    expected = pd.read_csv("predictions.csv", keep_default_na=False)
    for name, part in (("train.csv", files[::2]), ("test.csv", files[1::2])):
        part.replace({"species": {"versicolor": word}}).to_csv(name, index=False)
    assert classify() == 0
    found = pd.read_csv("predictions.csv", keep_default_na=False)
    assert set(found["prediction"]) == {"setosa", word, "virginica"}
    assert (found["prediction"].replace(word, "versicolor") == expected["prediction"]).mean() > 0.95


def test_among_numbers_they_are_missing(files, capsys):
    numbers = files.assign(species=files["species"].map(dict(zip(NAMES, ["1", "2", "3"], strict=True))))
    numbers[::2].to_csv("train.csv", index=False)
    numbers[1::2].assign(species=["NA", *numbers["species"][3::2]]).to_csv("test.csv", index=False)
    assert classify() == 0
    assert "of which 74 rows have species" in capsys.readouterr().err
    assert set(pd.read_csv("predictions.csv")["prediction"]) == {1, 2, 3}
    numbers[::2].assign(species=["NA", *numbers["species"][2::2]]).to_csv("train.csv", index=False)
    assert classify() == 2
    assert "1 of 75 rows have no species" in capsys.readouterr().err


def test_a_column_that_is_empty_in_one_file_and_filled_in_the_other(files):
    files[::2].assign(note="").to_csv("train.csv", index=False)
    files[1::2].assign(note="words").to_csv("test.csv", index=False)
    assert classify() == 0


@pytest.mark.parametrize("large_context", ["subsample", "nearest"])
def test_a_table_that_is_too_long_for_one_context_is_classified_by_parts_of_it(files, large_context, capsys):
    pd.concat([files[::2]] * 14).to_csv("train.csv", index=False)
    files[1::12].to_csv("test.csv", index=False)  # each row gets a context of its own
    assert classify("--large_context", large_context) == 0
    assert float(re.search(r"species: ([\d.]+)%", capsys.readouterr().err)[1]) > 90


def test_weights_may_be_a_folder(files, tmp_path):
    assert classify("--weights", "mnist") == 0
    expected = written(tmp_path)
    shutil.copytree(find_weights("mnist"), tmp_path / "mine")
    assert classify("--weights", "mine") == 0
    assert written(tmp_path) == expected


def test_what_is_done_with_columns_is_noted_in_the_words_of_the_command(files, capsys):
    big = pd.concat([files] * 7)
    big.to_csv("train.csv", index=False)
    assert classify() == 2
    said = capsys.readouterr().err
    assert "--large_context" in said
    assert "large_context=" not in said
    files[::2].assign(id=[f"n{i}" for i in range(75)]).to_csv("train.csv", index=False)
    files[1::2].assign(id="x").to_csv("test.csv", index=False)
    assert classify() == 0
    said = capsys.readouterr().err
    assert "Note: Column 'id' is left out" in said
    assert "UserWarning" not in said


@pytest.mark.parametrize("command", [
    "classify train.csv test.csv --target species --output {}",
    "export mnist --output {}",
    "bench --output {}",
])  # fmt: skip
def test_an_output_that_is_a_folder_or_an_input_is_refused(files, command, tmp_path, capsys):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.csv").symlink_to("test.csv")
    (tmp_path / "copy.csv").hardlink_to("test.csv")
    before = {path: path.read_bytes() for path in tmp_path.glob("*.csv")}
    refused = ["folder", "new/", "/dev/null"]
    if "classify" in command:
        refused += ["test.csv", "./folder/../test.csv", "link.csv", "copy.csv"]
    for output in refused:
        assert main(command.format(output).split()) == 2
        said = capsys.readouterr().err
        assert "--output" in said
        assert said.strip().count("\n") == 0
    assert {path: path.read_bytes() for path in tmp_path.glob("*.csv")} == before
    assert not (tmp_path / "new").exists()


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
        ("classify only.csv test.csv --target species", "only the column 'species'"),
        ("classify train.csv test.csv --target species --weights minst", "Did you mean 'mnist'"),
        ("classify train.csv test.csv --target species --members 0", "--members must be a whole number"),
        ("classify numbers.csv numbers.csv --target y", "continuous"),
        ("classify train.csv test.csv --target species --members x", "--members must be a whole number, not 'x'"),
        ("classify train.csv test.csv --target species --large_context nearst", "Unknown --large_context 'nearst'"),
        ("classify train.csv test.csv --target species --max_context 2000", "--max_context must be at most 1,000"),
        ("classify train.csv test.csv", "required: --target"),
        ("classify same.csv test.csv --target species", "every row has the same species, 'setosa'"),
        ("classify latin.csv test.csv --target species", "Save it as CSV in UTF-8"),
        ("classify colons.csv test.csv --target species", "separated by commas, semicolons, tabs, bars"),
        ("classify ended.csv test.csv --target species", "ended.csv: its rows have more values than the header"),
        ("classify train.csv ended.csv --target species", "ended.csv: its rows have more values than the header"),
        ("export mnist --classes x", "--classes must be a whole number or null, not 'x'"),
        ("export nowhere", "Known: general, mnist"),
        ("export mnist --format onxx", "Did you mean 'onnx'"),
        ("export mnist --classes 1", "--classes must be at least 2"),
    ],
)
def test_mistakes_get_one_paragraph_and_exit_code_2(files, arguments, expected, capsys, tmp_path):
    train, test = files[::2], files[1::2]
    test.drop(columns="petal width").to_csv("narrow.csv", index=False)
    header, *rows = train.to_csv(index=False).splitlines()
    (tmp_path / "ended.csv").write_text("\n".join([header, *(f"{row}," for row in rows)]))
    test[:0].to_csv("empty.csv", index=False)
    (tmp_path / "blank.csv").write_text("")
    train.assign(species="setosa").to_csv("same.csv", index=False)
    train.to_csv("colons.csv", index=False, sep=":")
    (tmp_path / "latin.csv").write_bytes("a,species\n1,\u00e9t\u00e9\n".encode("latin-1"))
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
