"""Real Ray: workers and whole sweeps may be killed, and the table is the same to the bit."""

import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from gpicl.errors import ConfigError
from gpicl.experiments.sweep import accuracies_at, open_engine, results_table, sweep

pytest.importorskip("ray")
pytestmark = [
    # Ray's own: it leaves its log files and the processes that it starts to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed file .*/ray/session:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]


def table_of(grid, output) -> str:
    return results_table(grid, output, accuracies_at()).to_csv(index=False)


def test_a_killed_worker_is_retried_from_its_checkpoint_and_nothing_is_lost_or_counted_twice(
    grid, trace, undisturbed, tmp_path
):
    steps = trace / "steps"
    steps.unlink()
    (trace / "armed").touch()
    with open_engine("ray", workers=2, threads=1) as engine:
        failures = sweep(grid, tmp_path, engine, "two workers", progress=False)
    assert not (trace / "armed").exists(), "it was killed"
    assert table_of(grid, tmp_path) == undisturbed
    assert len(steps.read_text()) == 7 + 7, "killed before step 8, and resumed at step 5 of 12"
    log = pd.read_csv(grid[1].folder(tmp_path) / "metrics.csv")
    assert list(log["step"]) == list(range(1, 13)), "every step stands in the log once"
    assert list(failures) == [grid[2].folder(tmp_path)]
    assert "Did you mean 'layers'" in failures[grid[2].folder(tmp_path)], "a run that fails is not what was killed"


SWEEP = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import pickle
from gpicl.experiments.sweep import open_engine, sweep

if __name__ == "__main__":
    grid = pickle.loads(Path(sys.argv[2]).read_bytes())
    with open_engine("ray", workers=2, threads=1) as engine:
        sweep(grid, sys.argv[3], engine, "killed")
"""


@pytest.mark.slow
def test_a_killed_sweep_resumes_and_repeats_no_run_that_is_finished(grid, trace, undisturbed, tmp_path):
    script, pickled, output = tmp_path / "sweep.py", tmp_path / "grid", tmp_path / "runs"
    script.write_text(SWEEP)
    pickled.write_bytes(pickle.dumps(grid))
    driver = subprocess.Popen(
        [sys.executable, str(script), str(Path(__file__).parent), str(pickled), str(output)], stderr=subprocess.PIPE
    )
    for line in driver.stderr:
        if b"1/4 runs" in line:
            break
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    finished = {path: path.stat().st_mtime_ns for path in output.glob("*/weights.json")}
    assert 0 < len(finished) < 3
    time.sleep(2)
    with open_engine("ray", workers=2, threads=1) as engine:
        sweep(grid, output, engine, "resumed", progress=False)
    assert table_of(grid, output) == undisturbed
    assert {path: path.stat().st_mtime_ns for path in finished} == finished


def test_a_cluster_that_is_not_there_is_explained():
    with pytest.raises(ConfigError, match="Cannot join the Ray cluster at 127"), open_engine("ray", "127.0.0.1:1"):
        pass


def test_workers_share_the_cores_of_this_machine_and_have_one_thread_each_on_a_cluster(monkeypatch):
    monkeypatch.setattr("gpicl.experiments.sweep.engine.available_cores", lambda: 8)
    described = {workers: open_engine("ray", workers=workers).description for workers in (1, 3, 16)}
    assert described[1] == "Ray on this machine, 1 workers, threads of each: 8"
    assert described[3].endswith("3 workers, threads of each: 2")
    assert described[16].endswith("16 workers, threads of each: 1")
    assert open_engine("ray", "10.0.0.1:6379").description == (
        "a Ray cluster, as many workers as there is room for, threads of each: 1"
    )


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"gpicl\[distributed\]"):
        open_engine("ray")
