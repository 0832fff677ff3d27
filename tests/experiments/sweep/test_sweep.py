"""A sweep does every run once, survives those that fail, and is one table in the end."""

import re
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

from gpicl.errors import ConfigError, DataError, UnknownNameError
from gpicl.experiments.sweep import SweptRun, accuracies_at, costs_table, open_engine, results_table, sweep
from gpicl.experiments.sweep.sweep import lock_beside


def test_a_run_that_fails_is_listed_with_its_reason_and_the_others_go_on(grid, swept):
    output, failures, told = swept
    assert list(failures) == [grid[2].folder(output)]
    assert "layerz" in failures[grid[2].folder(output)]
    assert "Did you mean 'layers'" in told[-1]
    costs = costs_table(grid, output, failures).set_index("kind")
    assert "layerz" in costs.loc["broken", "failure"]
    assert costs.loc["plain", "failure"].isna().all()
    assert (costs.loc["plain", "steps"] == 12).all()
    assert (costs.loc["trapped", "seconds"] > 0).all()


def test_the_table_has_the_keys_of_the_grid_and_what_is_measured_of_every_finished_run(grid, swept):
    table = results_table(grid, swept[0], accuracies_at(1, -1))
    assert list(table.columns[:5]) == ["kind", "seed", "dataset", "tasks", "position"]
    assert set(table["kind"]) == {"plain", "trapped"}
    assert set(table["position"]) == {1, 12}
    assert len(table) == 3 * 2 * 2
    assert len(results_table(grid, swept[0], accuracies_at())) == 3 * 2 * 12
    assert table["accuracy"].between(0, 1).all()


def test_the_same_sweep_again_runs_nothing(grid, engine, swept):
    def written():
        return {path: path.stat().st_mtime_ns for path in swept[0].rglob("*") if path.is_file()}

    before, told = written(), []
    sweep(grid[:2] + grid[3:], swept[0], engine, "again", say=told.append, progress=False)
    assert told == ["sweep: 3 runs, 3 of them already finished."]
    assert written() == before


def test_a_run_that_stands_twice_in_a_grid_is_run_once_and_stands_twice_in_the_table(grid, engine, tmp_path):
    twins = [SweptRun(grid[0].config, {"axis": axis}) for axis in ("tasks", "width")]
    told = []
    sweep(twins, tmp_path, engine, "twins", say=told.append, progress=False)
    assert "1 runs" in told[0]
    assert set(results_table(twins, tmp_path, accuracies_at(-1))["axis"]) == {"tasks", "width"}

    more = replace(grid[0].config, testing=replace(grid[0].config.testing, episodes=10))
    weights = grid[0].folder(tmp_path) / "weights.safetensors"
    before = weights.stat().st_mtime_ns
    sweep([SweptRun(more)], tmp_path, engine, "more", progress=False)
    assert set(pd.read_csv(grid[0].folder(tmp_path) / "results.csv")["episodes"]) == {8, 10}
    assert weights.stat().st_mtime_ns == before, "more episodes are tested without training again"


def test_runs_that_begin_with_the_weights_of_others_come_after_them(grid, engine, tmp_path):
    base = replace(grid[0].config, training=replace(grid[0].config.training, seed=7))
    base_run = SweptRun(base, {"begins": "random"})
    next_ = replace(base, init=str(base_run.folder(tmp_path)), tasks=replace(base.tasks, num_tasks=9))
    follower = SweptRun(next_, {"begins": "base"})
    orphan = SweptRun(replace(next_, init=str(grid[2].folder(tmp_path))), {"begins": "nothing"})
    placeholder = follower.folder(tmp_path)
    assert follower.waits
    failures = sweep([orphan, follower, base_run, grid[2]], tmp_path, engine, "two rounds", progress=False)
    assert not follower.waits
    assert follower.folder(tmp_path) != placeholder
    assert (follower.folder(tmp_path) / "weights.json").exists()
    assert set(failures) == {orphan.folder(tmp_path), grid[2].folder(tmp_path)}
    assert "the weights that it begins with do not exist" in failures[orphan.folder(tmp_path)]
    table = results_table([base_run, follower, orphan], tmp_path, accuracies_at(-1), failures)
    assert list(dict.fromkeys(table["begins"])) == ["random", "base"]


def test_a_folder_that_cannot_be_read_is_the_failure_of_its_run_alone(grid, engine, tmp_path):
    folder = grid[0].folder(tmp_path)
    folder.mkdir()
    (folder / "weights.json").write_text("{}")
    (folder / "results.csv").write_text("dataset\n")
    runs = [grid[0], grid[3]]
    failures = sweep(runs, tmp_path, engine, "damaged", progress=False)
    assert list(failures) == [folder]
    assert "is not a card of format" in failures[folder]
    assert set(results_table(runs, tmp_path, accuracies_at(-1), failures)["seed"]) == {1}
    assert costs_table(runs, tmp_path, failures)["failure"].notna().tolist() == [True, False]


def test_a_line_of_progress_says_runs_time_left_and_the_last_figure(grid, engine, tmp_path, capsys):
    sweep([grid[0], grid[3]], tmp_path, engine, "two", title="two")
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"two: 1/2 runs, \d+:\d\d:\d\d left  kind plain, seed 0: seen digits \d+\.\d%", lines[0])
    assert lines[1].startswith("two: 2/2 runs, 0:00:00 left")


def test_a_missing_data_set_is_found_before_anything_is_run(grid, engine, tmp_path):
    lost = replace(grid[0].config, testing=replace(grid[0].config.testing, datasets=["digits", "lost/data.npz"]))
    with pytest.raises(DataError, match="no file or folder lost"):
        sweep([grid[3], SweptRun(lost)], tmp_path / "runs", engine, "lost")
    assert not (tmp_path / "runs").exists()


def test_mistakes_in_the_engine_are_explained():
    with pytest.raises(UnknownNameError, match="sequential"):
        open_engine("sequentail")
    with pytest.raises(ConfigError, match="workers must be at least 1"):
        open_engine("ray", workers=0)
    with pytest.raises(ConfigError, match="--engine ray"):
        open_engine(workers=2)
    with pytest.raises(ConfigError, match="gpus must be at least 0"):
        open_engine("ray", gpus=-1.0)


HOLDER = """
import sys
from pathlib import Path
from gpicl.experiments.sweep.sweep import lock_beside
with lock_beside(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_run_is_locked_until_its_process_ends_even_if_it_is_killed(tmp_path):
    folder, waited = tmp_path / "run", []
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "locked\n"

    def kill() -> None:
        waited.append(holder.poll())
        holder.kill()

    with lock_beside(folder, kill):
        assert waited == [None], "the holder was alive"
        holder.communicate()
    assert not folder.exists(), "a lock alone makes no folder"
