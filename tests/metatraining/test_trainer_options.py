"""What a caller hands to Lightning is added to the run's own, and a run is finished when its budget is used."""

import pandas as pd
import pytest
from lightning import Callback
from lightning.pytorch.callbacks import GradientAccumulationScheduler
from lightning.pytorch.loggers import CSVLogger

from gpicl.errors import ConfigError
from gpicl.metatraining import PluginConfig, meta_train


class Counting(Callback):
    """Counts steps."""

    steps = 0

    def on_train_batch_end(self, *arguments) -> None:
        self.steps += 1


def test_callbacks_and_loggers_are_added(config, tmp_path):
    counting, log = Counting(), CSVLogger(tmp_path / "theirs")
    run, _ = meta_train(config, tmp_path / "runs", callbacks=[counting], logger=log)
    assert counting.steps == 12
    assert run.finished
    assert pd.read_csv(run.log)["step"].tolist() == list(range(1, 13))
    assert list((tmp_path / "theirs").rglob("metrics.csv"))


@pytest.mark.parametrize("logger", [False, True, None])
def test_the_log_is_written_whatever_logger_says(config, tmp_path, logger):
    run, _ = meta_train(config, tmp_path, callbacks=Counting(), logger=logger)
    assert len(pd.read_csv(run.log)) == 12


def test_a_run_that_ends_early_is_unfinished_and_goes_on(config, tmp_path):
    said = []
    run, learner = meta_train(config, tmp_path, said.append, max_steps=7)
    assert not run.finished
    assert run.checkpoint.exists()
    assert not learner.training
    assert "Stopped at step 7" in said[-1]
    run, _ = meta_train(config, tmp_path, said.append, max_steps=100)
    assert "Resuming at step 7" in said[-1]
    assert run.finished
    assert pd.read_csv(run.log)["step"].tolist() == list(range(1, 13))


def test_a_callback_that_stops_training_leaves_the_run_unfinished(config, tmp_path):
    class Stops(Callback):
        def on_train_batch_end(self, trainer, *arguments) -> None:
            trainer.should_stop = trainer.global_step >= 4

    run, _ = meta_train(config, tmp_path, callbacks=[Stops()])
    assert not run.finished
    finished, _ = meta_train(config, tmp_path)
    assert finished.finished


def test_a_trial_run_leaves_nothing_that_counts(config, tmp_path):
    run, _ = meta_train(config, tmp_path, fast_dev_run=True)
    assert not run.finished
    assert not run.checkpoint.exists()
    said = []
    run, _ = meta_train(config, tmp_path, said.append)
    assert "Starting" in said[0]
    assert run.finished


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("gradient_clip_val", 0.1, "training.clip"),
        ("accumulate_grad_batches", 2, "training.accumulate"),
        ("precision", "64-true", "training.precision"),
        ("limit_train_batches", 3, "training.steps"),
    ],
)
def test_options_that_would_change_the_weights_are_refused(config, tmp_path, option, value, field):
    with pytest.raises(ConfigError, match=f"{option} is no argument of meta_train.* Set {field} in the configuration"):
        meta_train(config, tmp_path, **{option: value})
    assert not list(tmp_path.iterdir())


def test_lightnings_gradient_accumulation_is_refused(config, tmp_path):
    with pytest.raises(ConfigError, match=r"Set training\.accumulate"):
        meta_train(config, tmp_path, callbacks=[GradientAccumulationScheduler({0: 2})])
    name = "lightning.pytorch.callbacks.GradientAccumulationScheduler"
    config.training.callbacks = [PluginConfig(name, {"scheduling": {0: 2}})]
    with pytest.raises(ConfigError, match=r"Set training\.accumulate"):
        meta_train(config, tmp_path)


def test_what_a_killed_write_left_is_removed(config, tmp_path):
    run, _ = meta_train(config, tmp_path, max_steps=3)
    parts = [run.folder / ".checkpoint.ckpt.a1b2c3", run.folder / ".weights.safetensors.d4e5f6"]
    for part in parts:
        part.write_bytes(b"half")
    meta_train(config, tmp_path, max_steps=5)
    assert not any(part.exists() for part in parts)


@pytest.mark.parametrize("accelerator", ["quantum", "tpu"])
def test_an_accelerator_that_is_not_there_is_refused_before_anything_is_written(config, tmp_path, accelerator):
    config.loop.accelerator = accelerator
    with pytest.raises(ConfigError, match=accelerator):
        meta_train(config, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
