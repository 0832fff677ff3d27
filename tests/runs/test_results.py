"""What has been tested is known by what was tested, and tests that differ stand side by side."""

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gpicl.cli.main import main
from gpicl.metatesting import load_outcomes, paired_differences
from gpicl.metatraining import TestingConfig
from gpicl.runs.meta_test_run import untested


def evaluate(folder, datasets, *more):
    return main(["evaluate", str(folder), datasets, "--episodes", "8", "--progress", "false", *more])


def rows(folder):
    return pd.read_csv(folder / "results.csv")


def test_other_data_under_the_same_name_are_tested_again(trained, tmp_path, write_patterns):
    data = write_patterns(tmp_path / "other.npz", seed=1)
    assert evaluate(trained, f"q={data}") == 0
    first = rows(trained).query("dataset == 'q'")
    write_patterns(data, seed=2)
    assert evaluate(trained, f"q={data}") == 0
    second = rows(trained).query("dataset == 'q'")
    assert set(first["data"]) != set(second["data"])
    assert len(first) == len(second), "the stale rows are gone"
    assert set(rows(trained)["dataset"]) == {"p", "q"}


def test_stale_rows_go_even_if_the_new_test_has_another_number_of_episodes(trained, tmp_path, write_patterns):
    data = write_patterns(tmp_path / "other.npz", seed=1)
    assert evaluate(trained, f"r={data}") == 0
    write_patterns(data, seed=2)
    assert evaluate(trained, f"r={data}", "--episodes", "9") == 0
    assert set(rows(trained).query("dataset == 'r'")["episodes"]) == {9}


@pytest.mark.parametrize("name", ["NA", "null", "nan"])
def test_a_data_set_may_have_the_name_of_a_missing_value(trained, patterns, tmp_path, name):
    output = tmp_path / "out"
    for _ in range(2):
        assert evaluate(trained, f"{name}={patterns}", "--output", str(output)) == 0
    assert evaluate(trained, f"p={patterns}", "--output", str(output)) == 0
    assert pd.read_csv(output / "results.csv", keep_default_na=False)["dataset"].tolist() == [name] * 12 + ["p"] * 12


def test_the_same_test_is_not_made_again(trained, patterns, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("tested again")

    monkeypatch.setattr(sys.modules["gpicl.runs.meta_test_run"], "evaluate", refuse)
    assert evaluate(trained, f"p={patterns}") == 0
    assert evaluate(trained, f"p={patterns}", "--positions", "3,12") == 0


@pytest.mark.parametrize(
    ("option", "value", "column", "expected"),
    [
        ("--size", "3", "image", {"4x4x1", "3x3x1"}),
        ("--length", "7", "length", {12, 7}),
        ("--seed", "5", "seed", {0, 5}),
    ],
)
def test_tests_under_other_settings_stand_side_by_side_and_are_printed(
    trained, patterns, capsys, option, value, column, expected
):
    assert evaluate(trained, f"p={patterns}", option, value) == 0
    assert set(rows(trained)[column]) == expected
    printed = capsys.readouterr().out
    assert column in printed
    assert all(f" {each} " in printed for each in expected)
    assert column in (trained / "report.html").read_text()


def test_lacking_positions_are_added_to_those_that_are_there(trained, patterns):
    assert evaluate(trained, f"p={patterns}", "--seed", "1", "--positions", "2,11") == 0
    assert evaluate(trained, f"p={patterns}", "--seed", "1", "--positions", "5") == 0
    assert rows(trained).query("seed == 1")["position"].tolist() == [2, 5, 11]


def test_positions_added_later_are_those_of_one_test(trained, patterns):
    assert evaluate(trained, f"p={patterns}", "--seed", "1", "--positions", "5") == 0
    assert evaluate(trained, f"p={patterns}", "--seed", "1") == 0
    whole = rows(trained).query("seed == 1")
    assert evaluate(trained, f"p={patterns}", "--seed", "1", "--episodes", "9") == 0
    again = rows(trained).query("seed == 1")
    assert again[again["episodes"] == 8]["accuracy"].tolist() == whole["accuracy"].tolist()
    assert len(again) == 2 * len(whole), "tests of 8 and of 9 episodes stand side by side"


def test_commands_with_other_numbers_of_episodes_do_not_undo_each_other(trained, patterns):
    for episodes in ("6", "7"):
        assert evaluate(trained, f"p={patterns}", "--seed", "2", "--episodes", episodes) == 0
    written = (trained / "results.csv").stat().st_mtime_ns
    for episodes in ("6", "7"):
        assert evaluate(trained, f"p={patterns}", "--seed", "2", "--episodes", episodes) == 0
    assert (trained / "results.csv").stat().st_mtime_ns == written, "nothing is tested again"


def test_results_of_other_weights_are_not_mixed_with_these(trained, patterns, tmp_path, capsys):
    output = tmp_path / "elsewhere"
    assert evaluate(trained, f"p={patterns}", "--output", str(output)) == 0
    assert main(["evaluate", "mnist", f"p={patterns}", "--episodes", "4", "--output", str(output)]) == 2
    assert "other weights" in capsys.readouterr().err


def test_two_data_sets_of_one_name_are_refused(trained, patterns, tmp_path, capsys, write_patterns):
    other = write_patterns(tmp_path / "other.npz", seed=1)
    assert evaluate(trained, f"a={patterns},a={other}") == 2
    assert "Two data sets are called a" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--batch", "-1"], "batch must be at least 1"),
        (["--batch", "0"], "batch must be at least 1"),
        (["--tasks", ","], "no kind of tasks"),
        (["--tasks", "seen"], "meta-trained on unlimited"),
        (["--seed", str(2**63)], "--seed must be below 2^63"),
    ],
)
def test_impossible_tests_are_refused(trained, patterns, capsys, options, message):
    assert evaluate(trained, f"p={patterns}", *options) == 2
    assert message in capsys.readouterr().err


def test_nothing_to_test_is_refused(trained, capsys):
    assert evaluate(trained, "") == 2
    assert "no data set is given" in capsys.readouterr().err


def test_a_path_with_commas_or_an_equals_sign_works(trained, tmp_path, write_patterns):
    (tmp_path / "a=b").mkdir()
    for name in ("one,two.npz", "a=b/three.npz"):
        data = write_patterns(tmp_path / name, seed=3)
        assert evaluate(trained, f"random,{data}") == 0
        assert str(data) in set(rows(trained)["dataset"])


def test_images_that_it_was_trained_on_are_not_called_held_out(tmp_path, capsys, write_patterns, quick):
    archive = np.load(write_patterns(tmp_path / "split.npz", seed=0))
    data = tmp_path / "whole.npz"
    np.savez(data, x=archive["x_train"], y=archive["y_train"])
    output = tmp_path / "runs"
    command = ["train", "--data.dataset", str(data), "--testing.datasets", f"[w={data}, random]", *quick]
    assert main([*command, "--output", str(output)]) == 0
    (folder,) = output.iterdir()
    page = (folder / "report.html").read_text()
    assert "The same images as in meta-training, since there are no others: w" in page
    assert "held out from meta-training: random" in page
    assert "Tested on the same images as in meta-training: w" in capsys.readouterr().out


def test_outcomes_are_saved_on_demand_and_are_those_of_the_table(trained, patterns):
    assert evaluate(trained, f"p={patterns}", "--outcomes", "true") == 0
    found = load_outcomes(trained / "outcomes")
    assert [right.mean() for right in found["right"]] == rows(trained)["accuracy"].tolist()
    assert paired_differences(trained / "outcomes", trained / "outcomes")["difference"].eq(0).all()


@pytest.mark.parametrize("later", ["2,5", "5", "2"])
def test_outcomes_hold_all_positions_that_were_asked_for(trained, patterns, later):
    for positions in ("2,11", later):
        command = (f"p={patterns}", "--positions", positions, "--outcomes", "true", "--seed", "3")
        assert evaluate(trained, *command) == 0
    found = load_outcomes(trained / "outcomes").set_index("position")["right"]
    assert set(found.index) == {2, 11, *map(int, later.split(","))}
    table = rows(trained).query("seed == 3").set_index("position")["accuracy"]
    assert {place: right.mean() for place, right in found.items()} == table.to_dict()


def test_a_run_without_outcomes_is_not_yet_tested_if_they_are_wanted(trained, patterns):
    testing = TestingConfig([f"p={patterns}"], episodes=8)
    assert not untested(trained, testing)
    assert untested(trained, replace(testing, outcomes=True))


def test_runs_of_other_seeds_answer_other_episodes(trained, patterns, quick):
    command = ["train", "--data.dataset", str(patterns), "--testing.datasets", f"[p={patterns}]", *quick]
    assert main([*command, "--training.seed", "1", "--output", str(trained.parent)]) == 0
    (other,) = (folder for folder in trained.parent.iterdir() if folder != trained)
    assert set(rows(other)["seed"]) == {1}
    assert set(rows(trained)["seed"]) == {0}


def test_results_of_a_learner_with_other_options_are_not_mixed_with_these(tmp_path, patterns, capsys):
    """SGD has no weights that are meta-trained, so those of two learning rates are equal."""
    common = ["--learner.name", "SGD", "--data.dataset", str(patterns), "--test", "false"]
    settings = "--data.size 4 --tasks.length 12 --loop.progress false".split()
    runs = []
    for rate in ("0.001", "0.3"):
        output = tmp_path / rate
        assert (
            main(["train", *common, *settings, "--learner.options.learning_rate", rate, "--output", str(output)]) == 0
        )
        runs += [path for path in output.iterdir() if path.is_dir()]
    cards = [json.loads((run / "weights.json").read_text()) for run in runs]
    assert cards[0]["sha256"] == cards[1]["sha256"]
    shared = ["--output", str(tmp_path / "shared")]
    assert evaluate(runs[0], f"p={patterns}", *shared) == 0
    assert evaluate(runs[1], f"p={patterns}", *shared) == 2
    assert "other options" in capsys.readouterr().err
    assert evaluate(runs[1], f"p={patterns}", "--output", str(tmp_path / "own")) == 0
    first, other = (pd.read_csv(tmp_path / name / "results.csv")["accuracy"] for name in ("shared", "own"))
    assert first.tolist() != other.tolist()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: text.rindex(",")].rsplit(",", 1)[0], "has an incomplete row"),
        (lambda text: text.replace(text.splitlines()[1].split(",")[3], "most", 1), "text in the column accuracy"),
    ],
)
def test_damaged_results_are_explained(trained, patterns, capsys, damage, message):
    path = trained / "results.csv"
    path.write_text(damage(path.read_text().rstrip()))
    assert evaluate(trained, f"p={patterns}", "--seed", "9") == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Delete the file" in error


def test_outcomes_of_other_data_in_the_same_place_are_removed(trained, tmp_path, write_patterns):
    data = write_patterns(tmp_path / "q.npz", seed=1)
    assert evaluate(trained, f"q={data}", "--outcomes", "true") == 0
    (before,) = (trained / "outcomes").iterdir()
    write_patterns(data, seed=2)
    assert evaluate(trained, f"q={data}", "--outcomes", "true") == 0
    (after,) = (trained / "outcomes").iterdir()
    assert before.name != after.name
