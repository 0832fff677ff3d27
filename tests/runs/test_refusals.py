"""Invalid input gives a one-paragraph error and leaves existing files intact."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gpicl.cli.main import main
from gpicl.learners import build_learner
from gpicl.metatraining.run_lock import run_lock
from gpicl.weights import save_weights


def evaluate(folder, datasets, *more):
    return main(["evaluate", str(folder), datasets, "--episodes", "8", "--progress", "false", *more])


@pytest.fixture
def saved(tmp_path):
    """Weights that `save_weights` has written alone."""
    torch.manual_seed(0)
    folder = tmp_path / "saved"
    folder.mkdir()
    save_weights(build_learner("ValueTransformer", 16, 4, layers=1, width=8, heads=1, key_size=4), folder)
    return folder


def test_weights_that_were_saved_alone_can_be_evaluated(saved, patterns, tmp_path):
    assert evaluate(saved, f"p={patterns}", "--size", "4", "--length", "9") == 0
    assert (saved / "report.html").exists()


def test_shipped_weights_can_be_evaluated_and_nothing_is_written_beside_them(patterns, tmp_path, monkeypatch):
    from gpicl.weights import find_weights

    monkeypatch.chdir(tmp_path)
    before = sorted(find_weights("mnist").iterdir())
    assert evaluate("mnist", f"p={patterns}", "--length", "6") == 0
    assert sorted(find_weights("mnist").iterdir()) == before
    assert (tmp_path / "evaluations" / "mnist" / "results.csv").exists()
    assert evaluate("mnist", f"p={patterns}", "--length", "6", "--output", "here") == 0
    assert (tmp_path / "here" / "report.html").exists()


def test_a_run_can_be_evaluated_wherever_it_was_moved_even_without_its_data(trained, tmp_path, write_patterns):
    data = write_patterns(tmp_path / "kept.npz", seed=5)
    moved = tmp_path / "elsewhere" / "other_name"
    moved.parent.mkdir()
    shutil.move(trained, moved)
    (tmp_path / "patterns.npz").unlink()
    assert evaluate(moved, f"q={data}") == 0
    assert "What the learner sees" in (moved / "report.html").read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card.pop("options"), "lacks options"),
        (lambda card: card.pop("learner"), "lacks learner"),
        (lambda card: card["options"].pop("num_features"), "num_features=None"),
        (lambda card: card["meta_training"].update(data=3), "not a set of fields"),
        (lambda card: card["meta_training"]["tasks"].update(length="long"), "length='long'"),
        (lambda card: card["meta_training"]["training"].update(precision="fp8"), "fp8"),
        (lambda card: card["meta_training"]["tasks"].update(length=-1), "length=-1"),
        (lambda card: card["options"].update(layerz=3), "Did you mean 'layers'"),
        (lambda card: card["options"].update(width=32), "size mismatch for"),
        (lambda card: card.update(learner=5), "learner=5"),
        (lambda card: card.update(steps="abc"), "steps='abc'"),
        (lambda card: card.update(parameters=-1), "parameters=-1"),
    ],
)
def test_an_invalid_card_is_explained(trained, patterns, capsys, change, message):
    path = trained / "weights.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))
    assert evaluate(trained, f"p={patterns}", "--seed", "9") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("gpicl: ")


@pytest.mark.parametrize("change", [{"anneal_steps": None}, {"anneal_steps": "abc"}, {"num_features": []}, {"new": 1}])
def test_seen_tasks_of_a_card_that_cannot_be_are_explained(trained, patterns, capsys, change):
    path = trained / "weights.json"
    card = json.loads(path.read_text())
    card["meta_training"]["tasks"] |= {"num_tasks": 3, **change}
    path.write_text(json.dumps(card))
    assert evaluate(trained, f"p={patterns}", "--seed", "9", "--tasks", "seen") == 2
    error = capsys.readouterr().err
    assert "seen tasks of these weights cannot be rebuilt" in error
    assert next(iter(change)) in error
    assert evaluate(trained, f"p={patterns}", "--seed", "9") == 0


def test_fields_of_a_card_that_are_missing_or_unknown_but_not_needed_do_no_harm(trained, patterns):
    path = trained / "weights.json"
    card = json.loads(path.read_text())
    for field in ("parameters", "steps", "seconds", "name"):
        del card[field]
    card["meta_training"]["tasks"]["of_a_later_version"] = 1
    card["meta_training"]["data"]["of_a_later_version"] = 1
    del card["meta_training"]["training"]["seed"]
    path.write_text(json.dumps(card))
    assert evaluate(trained, f"p={patterns}", "--seed", "9") == 0


def test_a_folder_that_must_not_be_written_to_is_answered_with_output(trained, patterns, capsys, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("gpicl.files.tempfile.TemporaryFile", refuse)
    assert evaluate(trained, f"p={patterns}") == 0, "nothing is to be written"
    assert evaluate(trained, f"p={patterns}", "--seed", "3") == 2
    assert "--output" in capsys.readouterr().err


FULL = """
import resource, sys
from gpicl.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
sys.exit(main(sys.argv[1:]))
"""


def test_a_full_disk_gets_one_paragraph(patterns, quick, tmp_path):
    """A limit on the size of files stands for a disk that is full."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = ["train", "--data.dataset", str(patterns), *quick, "--output", str(tmp_path / "runs"), "--test", "false"]
    ended = subprocess.run([sys.executable, "-c", FULL, *command], env=environment, capture_output=True, text=True)
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Free some disk space" in ended.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--training.step 3", "Did you mean training.steps"),
        ("--testing.datasets []", "no data set is given"),
        ("--testing.tasks []", "no kind of tasks is given"),
        ("--loop.accelerator quantum", "quantum"),
        ("--training.clip nan", "clip"),
        ("--tasks.length 0", "at least 2"),
        ("--learner.options.initial_scale .nan", "NaN"),
        ("--data.validation 0.9", "from 0 to 0.5"),
    ],
)
def test_a_run_that_cannot_be_is_refused_before_anything_is_written(capsys, tmp_path, options, message):
    output = tmp_path / "runs"
    assert main(["train", "--data.dataset", "digits", *options.split(), "--output", str(output)]) == 2
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_a_binary_configuration_is_explained(capsys, tmp_path):
    (tmp_path / "c.yaml").write_bytes(b"learner:\n  name: \xff\xfe\n")
    assert main(["train", "--config", str(tmp_path / "c.yaml")]) == 2
    assert "YAML text in UTF-8" in capsys.readouterr().err


HOLDER = """
import sys
from pathlib import Path
from gpicl.metatraining.run_lock import run_lock
with run_lock(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_says_that_it_waits_and_then_goes_on(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "locked\n"
    said = []

    def say(text: str) -> None:
        said.append(text)
        holder.stdin.close()

    with run_lock(tmp_path, say):
        assert holder.wait() == 0
    holder.stdout.close()
    assert said == [f"Another process is at work in {tmp_path}: waiting for it."]


def test_two_processes_on_one_run_train_it_once(start_gpicl, patterns, quick, tmp_path):
    command = ["train", "--data.dataset", str(patterns), *quick, "--training.steps", "30", "--loop.log_every", "1"]
    processes = [start_gpicl(*command, "--test", "false", "--output", "runs") for _ in range(2)]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert sum("Starting" in output for output in outputs) == 1
    assert sum("Finished before" in output for output in outputs) == 1
    (log,) = Path(tmp_path).glob("runs/*/metrics.csv")
    steps = [line.partition(",")[0] for line in log.read_text().splitlines()[1:]]
    assert len(steps) == len(set(steps)) == 30


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--testing.length", "2000", "--learner.name", "TokenTransformer"], "longer than the 100 positions"),
        (["--testing.tasks", "[seen]", "--tasks.num_tasks", "3", "--testing.size", "9"], "16 features"),
        (["--testing.seed", "100000000000000000000"], "testing.seed must be below 2^63"),
        (["--testing.tasks", "[identity]", "--testing.size", "5"], "25"),
    ],
)
def test_a_test_that_cannot_be_is_refused_before_training(patterns, quick, tmp_path, capsys, options, message):
    command = ["train", "--data.dataset", str(patterns), "--testing.datasets", f"[p={patterns}]", *quick, *options]
    assert main([*command, "--output", str(tmp_path / "runs")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Starting" not in error
    assert not (tmp_path / "runs").exists()
