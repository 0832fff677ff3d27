"""The progress bar of meta-training."""

from io import StringIO

from rich.console import Console

from gpicl.metatraining import meta_train, progress


def test_a_terminals_bar_reads_figures_only_when_they_are_logged(config, tmp_path, monkeypatch):
    """Reading one at every step would make the host wait for the GPU."""
    read, figures = [], progress._figures
    monkeypatch.setattr(progress, "_figures", lambda trainer: read.append(trainer.global_step) or figures(trainer))
    console = Console(file=StringIO(), force_terminal=True)
    config.loop.log_every, config.loop.validate_every = 5, 100
    meta_train(config, tmp_path, callbacks=[progress.TrainingProgress(console)])
    assert read == [5, 10]
    assert "step 10  loss " in console.file.getvalue()


def test_without_a_terminal_a_line_is_printed_for_every_tenth_of_the_run(config, tmp_path):
    console = Console(file=StringIO(), force_terminal=False)
    config.training.steps = 20
    meta_train(config, tmp_path, callbacks=[progress.TrainingProgress(console)])
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("meta-training  10%  step 2  loss ")
