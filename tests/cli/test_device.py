"""`--device` of every command: refused before any work, and passed on."""

import pytest
import torch

from gpicl.cli.main import main
from gpicl.learners import Learner

COMMANDS = {
    "train": ["--data.dataset", "random"],
    "evaluate": ["mnist", "random"],
    "compare": ["--scale", "smoke"],
    "reproduce": ["plateau", "--scale", "smoke"],
    "classify": ["a.csv", "b.csv", "--target", "y"],
    "demo": ["--port", "0"],
    "bench": ["--scale", "smoke"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unavailable_device_is_refused_before_any_work(command, tmp_path, monkeypatch, capsys):
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
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert main(["reproduce", "plateau", "--device", "cuda:1", "--engine", "ray", "--gpus", "1"]) == 2
    assert "--device cuda:1 contradicts --gpus 1" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["reproduce", "plateau"], ["train", "--data.dataset", "random", "--seeds", "2"]])
def test_runs_on_ray_are_not_all_put_on_the_first_gpu(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert main([*command, "--engine", "ray"]) == 2
    assert "Add --gpus 1 for one run per GPU" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_learner_is_evaluated_on_the_device(tmp_path, monkeypatch):
    """The GPU would be chosen if it were left to the command."""
    moved, to = [], Learner.to
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(Learner, "to", lambda self, *target: moved.append(target) or to(self, *target))
    monkeypatch.chdir(tmp_path)
    options = ["--episodes", "4", "--length", "5", "--progress", "false"]
    assert main(["evaluate", "mnist", "random", *options, "--device", "cpu"]) == 0
    assert {target for (target,) in moved if isinstance(target, torch.device)} == {torch.device("cpu")}
