"""Callbacks and loggers from the configuration."""

from importlib.util import find_spec

import pytest
import yaml

from gpicl.cli.main import main
from gpicl.errors import CheckpointError, ConfigError, UnknownNameError
from gpicl.metatraining import PluginConfig, Run, TrainingConfig, load_preset, meta_train

TRACE = """
from lightning import Callback


class Trace(Callback):
    def __init__(self, path: str) -> None:
        self.path = path

    def on_train_end(self, trainer, module):
        with open(self.path, "w") as file:
            file.write(str(trainer.global_step))
"""


def test_callbacks_and_loggers_are_built_from_their_import_paths(config, tmp_path, monkeypatch):
    (tmp_path / "tracing_callback.py").write_text(TRACE)
    monkeypatch.syspath_prepend(tmp_path)
    trace = tmp_path / "trace"
    config.training.callbacks = [PluginConfig("tracing_callback.Trace", {"path": str(trace)})]
    config.loop.loggers = [PluginConfig("csv", {"save_dir": str(tmp_path / "logs")})]
    meta_train(config, tmp_path / "runs")
    assert trace.read_text() == "12"
    assert list((tmp_path / "logs").rglob("metrics.csv"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trainig": {"steps": 7}}, "'trainig'. Did you mean 'training'"),
        ({"training": {"stepz": 7}}, "'stepz'. Did you mean 'steps'"),
        ({"training": {"optimiser": "sgdd"}}, r'"training.optimiser": Expected a .*sgdd'),
        ({"training": {"steps": 2.5}}, r'"training.steps"'),
        ({"tasks": {"length": 20.5}}, r'"tasks.length"'),
        ({"training": 3}, "is not a configuration"),
    ],
)
def test_a_file_with_misspelt_or_wrong_settings_is_refused(tmp_path, settings, message):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(settings))
    with pytest.raises((ConfigError, UnknownNameError), match=message):
        load_preset(str(path))


def test_a_whole_number_is_the_same_setting_as_the_float(config, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("training:\n  minutes: 10\n  learning_rate: 1e-3\n")
    read = load_preset(str(path)).training
    assert read == TrainingConfig(minutes=10.0, learning_rate=0.001)
    config.training.minutes = 10.0
    expected = Run(config, tmp_path).folder
    config.training.minutes = 10
    assert Run(config, tmp_path).folder == expected


def test_a_callback_is_part_of_the_runs_name_and_a_logger_is_not(config, tmp_path):
    before = Run(config, tmp_path).folder
    config.loop.loggers = [PluginConfig("csv", {"save_dir": "logs"})]
    assert Run(config, tmp_path).folder == before
    config.training.callbacks = [PluginConfig("lightning.pytorch.callbacks.DeviceStatsMonitor")]
    assert Run(config, tmp_path).folder != before


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("nowhere.Nothing", {}, "No module named 'nowhere'"),
        ("lightning.pytorch.callbacks.Nothing", {}, "Nothing"),
        ("lightning.pytorch.callbacks.Timer", {"durations": 1}, "durations"),
        ("pathlib.Path", {}, "is not a Lightning Callback"),
        ("lightning.pytorch.callbacks.EarlyStopping", {"monitor": "loss"}, "Set training.patience"),
        ("lightning.pytorch.callbacks.ModelCheckpoint", {}, "Lightning refuses these training.callbacks"),
    ],
)
def test_what_cannot_be_built_is_refused_before_anything_is_written(config, tmp_path, name, options, message):
    config.training.callbacks = [PluginConfig(name, options)]
    with pytest.raises(ConfigError, match=message):
        meta_train(config, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("name", "package"), [("wandb", "wandb"), ("mlflow", "mlflow")])
def test_a_logger_whose_package_is_not_installed_is_refused_with_the_packages_name(config, tmp_path, name, package):
    if find_spec(package):
        pytest.skip(f"{package} is installed")
    config.loop.loggers = [PluginConfig(name)]
    with pytest.raises(ConfigError, match=f"(?s)loop.loggers.*{package}.*install its package"):
        meta_train(config, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_yaml_file_may_name_them(tmp_path, capsys):
    path = tmp_path / "c.yaml"
    plugin = {"name": "csv", "options": {"save_dir": "logs"}}
    path.write_text(yaml.safe_dump({"loop": {"loggers": [plugin]}}))
    with pytest.raises(SystemExit):
        main(["train", "--config", str(path), "--print_config"])
    assert yaml.safe_load(capsys.readouterr().out)["loop"]["loggers"] == [plugin]
    assert load_preset(str(path)).loop.loggers == [PluginConfig(**plugin)]
    path.write_text(yaml.safe_dump({"training": {"callbacks": ["csv"]}}))
    with pytest.raises(ConfigError, match="is not a configuration"):
        load_preset(str(path))


COUNTS = """
import numpy
from lightning import Callback


class Counts(Callback):
    def __init__(self):
        self.count = numpy.float64(0)

    def on_train_batch_end(self, *arguments):
        self.count += 1

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.count = state["count"]
"""


def test_a_callback_whose_state_cannot_be_loaded_is_named_at_the_first_checkpoint(config, tmp_path, monkeypatch):
    (tmp_path / "numpy_state.py").write_text(COUNTS)
    monkeypatch.syspath_prepend(tmp_path)
    config.training.callbacks = [PluginConfig("numpy_state.Counts")]
    with pytest.raises(CheckpointError, match="the callback Counts: its state_dict holds objects"):
        meta_train(config, tmp_path / "runs")
    assert not Run(config, tmp_path / "runs").checkpoint.exists()
    (tmp_path / "plain_state.py").write_text(
        COUNTS.replace('{"count": self', '{"count": float(self').replace("t}", "t)}")
    )
    config.training.callbacks = [PluginConfig("plain_state.Counts")]
    assert meta_train(config, tmp_path / "runs")[0].finished


def test_a_run_whose_own_callback_has_changed_is_not_finished_before(config, tmp_path, monkeypatch):
    path = tmp_path / "changing_callback.py"
    path.write_text(TRACE)
    monkeypatch.syspath_prepend(tmp_path)
    config.training.callbacks = [PluginConfig("changing_callback.Trace", {"path": str(tmp_path / "trace")})]
    meta_train(config, tmp_path / "runs")
    path.write_text(TRACE.replace("str(trainer", "'at ' + str(trainer"))
    with pytest.raises(ConfigError, match="another version of its widenings or callbacks"):
        meta_train(config, tmp_path / "runs")
    path.write_text(TRACE + "# a remark\n")
    said = []
    meta_train(config, tmp_path / "runs", said.append)
    assert said == [f"Finished before: {Run(config, tmp_path / 'runs').folder}"]
