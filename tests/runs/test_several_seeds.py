"""One command for several seeds."""

import json

import pandas as pd

from gpicl.cli.main import main


def test_several_seeds_are_trained_and_tested_by_one_command(tmp_path, patterns, quick, capsys):
    command = ["train", "--data.dataset", str(patterns), "--testing.datasets", f"[p={patterns}]", *quick]
    command += ["--seeds", "2", "--threads", "1", "--output", str(tmp_path / "runs")]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "Mean accuracy over 2 seeds" in printed
    cards = [json.loads(path.read_text()) for path in (tmp_path / "runs").glob("*/weights.json")]
    assert sorted(card["meta_training"]["training"]["seed"] for card in cards) == [0, 1]
    tables = [pd.read_csv(path) for path in (tmp_path / "runs").glob("*/results.csv")]
    mean = sum(table["accuracy"].iloc[-1] for table in tables) / 2
    assert f"{100 * mean:.1f}" in printed
    assert main(command) == 0
    assert "2 of them already finished" in capsys.readouterr().err


def test_a_command_that_cannot_run_deletes_no_finished_run(tmp_path, patterns, quick, capsys):
    command = ["train", "--data.dataset", str(patterns), "--seeds", "2", "--threads", "1", *quick]
    command += ["--output", str(tmp_path / "runs")]
    assert main([*command, "--testing.datasets", f"[p={patterns}]"]) == 0
    kept = {path: path.read_bytes() for path in (tmp_path / "runs").rglob("weights.*")}
    assert main([*command, "--testing.datasets", "[nowhere.npz]", "--fresh", "true"]) == 2
    assert "nowhere.npz" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (tmp_path / "runs").rglob("weights.*")} == kept


def test_seeds_on_ray_are_those_in_sequence(tmp_path, patterns, quick):
    command = ["train", "--data.dataset", str(patterns), "--testing.datasets", f"[p={patterns}]", *quick]
    command += ["--seeds", "2", "--threads", "1"]
    for engine in ("sequential", "ray"):
        assert main([*command, "--engine", engine, "--output", str(tmp_path / engine)]) == 0
    tables = list((tmp_path / "sequential").glob("*/results.csv"))
    assert len(tables) == 2
    for results in tables:
        other = tmp_path / "ray" / results.parent.name / "results.csv"
        pd.testing.assert_frame_equal(pd.read_csv(results), pd.read_csv(other))


def test_seeds_that_make_no_sense_are_refused(tmp_path, patterns, quick, capsys):
    command = ["train", "--data.dataset", str(patterns), *quick, "--output", str(tmp_path / "runs")]
    for more, message in (
        ("--seeds 0", "at least"),
        ("--seeds 2 --test false", "--test false"),
        ("--seeds 2 --testing.seed 7", "null"),
    ):
        assert main([*command, *more.split()]) == 2
        assert message in capsys.readouterr().err
