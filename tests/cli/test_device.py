"""`--device` of every command: refused before any work, and passed on."""

import pytest
import torch

from gpicl.cli.main import main

COMMANDS = {
    "train": ["--data.dataset", "random"],
    "evaluate": ["mnist", "random"],
    "compare": ["--scale", "smoke"],
    "reproduce": ["plateau", "--scale", "smoke"],
    "classify": ["a.csv", "b.csv", "--target", "y"],
    "demo": ["--port", "0"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_device_that_cannot_be_had_is_refused_before_any_work(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for device, error in (("meta", "Unknown device 'meta'"), ("cuda", "'cuda' is not available")):
        assert main([command, *COMMANDS[command], "--device", device]) == 2
        assert error in capsys.readouterr().err
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_contradictions_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--device", "cpu", "--loop.accelerator", "gpu"]) == 2
    assert "--device cpu contradicts loop.accelerator=gpu" in capsys.readouterr().err
    assert main(["reproduce", "plateau", "--device", "cpu", "--engine", "ray", "--gpus", "1"]) == 2
    assert "--device cpu contradicts --gpus 1" in capsys.readouterr().err


def test_a_learner_is_evaluated_on_the_device(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--episodes", "4", "--length", "5", "--progress", "false"]
    assert main(["evaluate", "mnist", "random", *options, "--device", "cpu"]) == 0
    assert (tmp_path / "evaluations" / "mnist" / "results.csv").exists()
