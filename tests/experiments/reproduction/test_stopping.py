"""A reproduction that is asked to stop, or whose time is over, keeps what the run under way has learned."""

import signal
import subprocess
import sys
import time

import pytest

from gpicl.cli.main import main
from gpicl.errors import Terminated
from gpicl.experiments.reproduction import command

# One long run whose only checkpoint is the one that a signal leaves.
LONG = """
import sys
from dataclasses import replace
from gpicl.cli.main import main
from gpicl.experiments import long_sequences as experiment
from gpicl.experiments.reproduction import scale
from gpicl.metatraining import LoopConfig

if __name__ == "__main__":
    smoke = experiment._SCALES["smoke"]
    longer = replace(smoke, changes={**smoke.changes, "training.steps": 10**6}, axes={"lengths": {6: 2}})
    experiment._SCALES["smoke"] = longer
    rare = LoopConfig(progress=False, checkpoint_every=10**6, validate_every=10**6)
    scale.swept_loop = lambda steps, measured: rare
    sys.exit(main(sys.argv[1:]))
"""
COMMAND = "reproduce long-sequences --scale smoke --threads 1 --progress false".split()


def test_sigterm_reaches_the_run_that_is_under_way_which_leaves_a_checkpoint(tmp_path):
    script = tmp_path / "long.py"
    script.write_text(LONG)
    process = subprocess.Popen(
        [sys.executable, str(script), *COMMAND],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not any(log.read_text().count("\n") > 2 for log in tmp_path.glob("runs/*/metrics.csv")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate()
    assert process.returncode == 143, output
    assert "Run the same command again to continue" in output
    assert "Traceback" not in output
    assert len(list(tmp_path.glob("runs/*/checkpoint.ckpt"))) == 1


def _run_for_ever():
    while True:  # signal.pause() would wait for ever if the alarm came before it
        time.sleep(0.01)


def test_the_end_of_the_minutes_ends_the_work_like_sigterm():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(Terminated) as stopped, command._stopped_after(0.001):
        _run_for_ever()
    assert "stopped after 0.001 minutes. The same command continues" in stopped.value.message
    assert signal.getsignal(signal.SIGALRM) == before
    with command._stopped_after(60.0), command._stopped_after(None):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


@pytest.mark.parametrize("minutes", ["0", "-1"])
def test_a_time_that_never_ends_or_never_begins_is_refused(minutes, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*COMMAND, "--minutes", minutes]) == 2
    assert "minutes must be above 0" in capsys.readouterr().err
