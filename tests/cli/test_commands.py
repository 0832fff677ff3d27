"""The commands as a user types them: what they print, what they leave, and how they refuse."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib.metadata import version

import pandas as pd
import pytest
import torch

from gpicl.cli.main import COMMANDS, main

TRAIN = (
    "train --data.dataset digits --data.size 4 --tasks.length 12 --learner.options.layers 1 --learner.options.width 16"
    " --learner.options.heads 1 --learner.options.key_size 8 --training.steps 6 --training.batch 4"
    " --testing.datasets [digits] --testing.episodes 8 --loop.validate_every 3 --loop.validation_episodes 4"
).split()


@pytest.fixture(scope="module")
def command_run(tmp_path_factory):
    """The output folder of a finished run. Do not change it."""
    output = tmp_path_factory.mktemp("runs")
    assert main([*TRAIN, "--output", str(output)]) == 0
    return output


@pytest.fixture
def trained(tmp_path, command_run):
    """The folder of a copy of the run."""
    shutil.copytree(command_run, tmp_path / "runs")
    (folder,) = (tmp_path / "runs").iterdir()
    return folder


class Images(HTMLParser):
    """Collects where a page's images and other parts come from."""

    def __init__(self):
        super().__init__()
        self.sources = []

    def handle_starttag(self, tag, attributes):
        self.sources += [value for name, value in attributes if name in ("src", "href")]


def test_train_leaves_weights_results_and_a_page_that_needs_nothing_beside_it(trained):
    assert {"config.yaml", "metrics.csv", "weights.safetensors", "weights.json", "results.csv", "report.html"} <= {
        path.name for path in trained.iterdir()
    }
    page = (trained / "report.html").read_text()
    parser = Images()
    parser.feed(page)
    assert len(parser.sources) == 3
    assert all(source.startswith("data:image/png;base64,") for source in parser.sources)
    assert "GPICL Transformer" in page
    assert "gpicl train" in page
    assert "95 % interval" in page
    # On a phone a wide table scrolls, and the page does not.
    assert page.count('<div class="wide"><table') == page.count("<table") == 2


def test_train_again_repeats_nothing(trained, capsys):
    before = (trained / "weights.safetensors").stat().st_mtime_ns
    assert main([*TRAIN, "--output", str(trained.parent)]) == 0
    assert (trained / "weights.safetensors").stat().st_mtime_ns == before
    captured = capsys.readouterr()
    assert "Finished before" in captured.err
    assert str(trained) in captured.err
    assert "digits" in captured.out


def test_evaluate_adds_to_the_results(trained):
    assert main(["evaluate", str(trained), "random", "--tasks", "unseen,identity", "--episodes", "8"]) == 0
    table = pd.read_csv(trained / "results.csv")
    assert set(zip(table["dataset"], table["tasks"], strict=True)) == {
        ("digits", "unseen"), ("random", "unseen"), ("random", "identity"),
    }  # fmt: skip
    assert "random" in (trained / "report.html").read_text()


def test_results_of_a_version_that_did_not_note_the_features_are_made_again(trained):
    path = trained / "results.csv"
    pd.read_csv(path).drop(columns="features").to_csv(path, index=False)
    assert main(["evaluate", str(trained), "digits,random", "--tasks", "unseen,identity", "--episodes", "8"]) == 0
    assert (pd.read_csv(path)["features"] == 16).all()


def test_evaluate_refuses_another_number_of_features_where_the_weights_have_but_one(trained, capsys):
    assert main(["evaluate", str(trained), "digits", "--features", "99", "--episodes", "8"]) == 2
    assert "built for 16 features" in capsys.readouterr().err


def test_a_learner_of_any_size_is_meta_trained_narrow_and_meta_tested_wide(tmp_path):
    narrow = "train --data.dataset digits --data.size 4 --tasks.length 12 --tasks.num_features 3 --learner.name VSML"
    settings = "--training.steps 2 --training.batch 2 --testing.datasets [digits] --testing.episodes 4"
    assert main([*narrow.split(), *settings.split(), "--testing.num_features", "9", "--output", str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    assert set(pd.read_csv(folder / "results.csv")["features"]) == {9}
    assert json.loads((folder / "weights.json").read_text())["options"]["num_features"] == 3
    assert main(["evaluate", str(folder), "digits", "--features", "16", "--episodes", "4"]) == 0
    assert set(pd.read_csv(folder / "results.csv")["features"]) == {9, 16}, "widths stand side by side"


def test_print_config_prints_what_can_be_given_back(trained, capsys, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        main([*TRAIN, "--print_config"])
    assert stopped.value.code in (0, None)
    printed = capsys.readouterr().out
    (tmp_path / "config.yaml").write_text(printed)
    assert main(["train", "--config", str(tmp_path / "config.yaml"), "--output", str(trained.parent)]) == 0
    assert len(list(trained.parent.iterdir())) == 1, "the same configuration is the same run"


def test_a_preset_is_overridden_by_flags(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--config", "quickstart", "--learner.options.layers", "7", "--print_config"])
    assert "layers: 7" in capsys.readouterr().out


def test_datasets_are_listed_with_their_source(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS")
    assert main(["datasets"]) == 0
    listed = capsys.readouterr().out
    for name in ("digits", "mnist_5k", "mnist1d", "random", "fashion_mnist", "kmnist", "cifar10", "svhn"):
        assert name in listed


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "usage: gpicl" in capsys.readouterr().out


def test_help_names_every_command(capsys):
    assert main([]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("trian", "Did you mean 'train'"),
        ("train --config quickstrat", "Did you mean 'quickstart'"),
        ("train --training.batchh 3", "Did you mean training.batch"),
        ("train --training.batch many", "training.batch"),
        ("train --training.batch 0", "at least 1"),
        ("train --data.dataset digitz", "digits"),
        ("train --learner.name ValueTransfomer --data.dataset digits", "ValueTransformer"),
        ("train --learner.options.layer 3 --data.dataset digits", "layers"),
        ("train --tasks.length 1 --data.dataset digits", "at least 2"),
        ("train --tasks.num_tasks 0 --data.dataset digits", "null"),
        ("train --learner.name TokenTransformer --tasks.length 200 --data.dataset digits", "max_length=200"),
        ("train --data.dataset digits --testing.datasets [digitz]", "Did you mean 'digits'"),
        ("train --data.dataset digits --testing.datasets [digits] --testing.tasks [seen]", "tasks.num_tasks"),
        (
            "train --data.dataset digits --testing.datasets [digits] --testing.num_features 9",
            "KernelTransformer and VSML",
        ),
        ("bench --only stepz", "Did you mean 'steps'"),
        ("bench --scale ful", "Did you mean 'full'"),
        ("bench --device gpu", "device"),
        ("bench --precision fp16", "precision"),
        ("evaluate nowhere digits", "finished `gpicl train` run"),
    ],
)
def test_mistakes_get_one_paragraph_and_exit_code_2(arguments, expected, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments.split()) == 2
    captured = capsys.readouterr()
    assert expected in captured.err
    assert captured.err.strip().count("\n") == 0
    assert captured.err.startswith("gpicl: ")
    assert not list(tmp_path.iterdir()), "nothing half-written"


@pytest.mark.parametrize(
    "arguments",
    [
        "train --config quickstart --output {}",
        "train --config quickstart --output {}/runs",
        "compare --scale smoke --output {}",
        "compare --scale smoke --results {}",
        "reproduce heatmap --scale smoke --output {}",
        "reproduce heatmap --scale smoke --results {}",
    ],
)
def test_a_folder_that_is_a_file_is_refused_by_its_option_before_anything_is_run(arguments, capsys, tmp_path):
    (tmp_path / "file").write_text("kept")
    assert main(arguments.format(tmp_path / "file").split()) == 2
    said = capsys.readouterr().err
    assert "is a file. Choose another one with " + re.findall("--(?:output|results)", arguments)[-1] in said
    assert said.strip().count("\n") == 0
    assert (tmp_path / "file").read_text() == "kept"


def test_weights_are_not_overwritten_by_their_own_export(trained, capsys):
    before = (trained / "weights.safetensors").read_bytes()
    assert main(["export", str(trained), "--output", str(trained / "weights.safetensors")]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert (trained / "weights.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--episodes 0", "--episodes must be at least 2"),
        ("--features 0", "--features must be at least 1"),
        ("--length 1", "--length must be at least 2"),
        ("--size 0", "--size must be at least 1"),
        ("--channels 2", "--channels must be 1"),
        ("--size big", "--size must be a whole number or null, not 'big'"),
        ("--progress maybe", "--progress must be true or false"),
        ("--seed -1", "--seed must be"),
        ("--batch 0", "--batch must be at least 1"),
        ("--positions 1,x", "--positions must be comma-separated whole numbers"),
    ],
)
def test_errors_name_options_as_they_are_typed(trained, options, expected, capsys):
    assert main(["evaluate", str(trained), "digits", *options.split()]) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--test.datasets x", "Unknown option test.datasets: test has no settings."),
        ("--training.steps.most 3", "Unknown option training.steps.most: training.steps has no settings."),
        ("--training 3", "--training must be a YAML file of settings, not '3'; or give its settings one by one"),
        ("--training.callbacks a.B", "--training.callbacks must be a list, as in [first, second], not 'a.B'"),
        ("--seeds 0", "--seeds must be at least 1, not 0"),
        ("--threads 0", "--threads must be at least 1, not 0"),
        ("--engine ray", "--engine is for several runs. Add --seeds 2 or more, or leave it out"),
        ("--workers 2", "--workers is for several runs"),
        ("--data nowhere.yaml", "--data must be a YAML file of settings, not 'nowhere.yaml'"),
    ],
)
def test_settings_that_are_no_groups_and_groups_that_are_no_settings(options, expected, capsys):
    assert main(["train", *options.split()]) == 2
    assert expected in capsys.readouterr().err


def test_a_single_run_takes_as_many_threads_as_it_is_given(tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    assert main([*TRAIN, "--threads", "1", "--output", str(tmp_path)]) == 0
    assert given[0] == 1


def test_a_misspelt_key_in_a_file_is_answered_with_the_right_one(capsys, tmp_path):
    (tmp_path / "c.yaml").write_text("training:\n  stepz: 3\n")
    assert main(["train", "--config", str(tmp_path / "c.yaml")]) == 2
    assert "training.steps" in capsys.readouterr().err


def test_a_finished_run_is_trained_for_more_steps(trained, tmp_path):
    more = ["--config", str(trained / "config.yaml"), "--init", str(trained), "--training.first_step", "init"]
    assert main(["train", *more, "--training.steps", "2", "--output", str(tmp_path / "more")]) == 0
    (folder,) = (tmp_path / "more").iterdir()
    card = json.loads((folder / "weights.json").read_text())
    assert card["meta_training"]["training"]["first_step"] == 6
    assert card["steps"] == 2


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_options_that_save_memory_are_options_of_the_command(command, monkeypatch, capsys):
    def fail(arguments):
        raise MemoryError("Unable to allocate 9 TiB")

    monkeypatch.setattr(f"gpicl.cli.{command}.main", fail)
    assert main([command]) == 2
    remedy = capsys.readouterr().err.partition("9 TiB")[2]
    monkeypatch.undo()
    with pytest.raises(SystemExit):
        main([command, "--help"])
    shown = capsys.readouterr().out
    for option in re.findall(r"--\w+|\w+\.\w+", remedy):
        assert option in shown


@pytest.mark.parametrize(
    "command", ["reproduce --dry-run heatmap --scale smoke", "reproduce --dry-run=true heatmap --scale smoke"]
)
def test_a_switch_may_come_before_what_has_no_name(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(command.split()) == 0
    assert "heatmap" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        "train --config {}",
        "train --config quickstart --output {}",
        "compare --scale smoke --output {}",
        "reproduce heatmap --scale smoke --results {}",
        "evaluate mnist digits --output {}",
        "evaluate {} digits",
        "evaluate mnist {}",
        "classify {} b.csv --target y",
        "train --data.dataset {}",
        "export mnist --output {}",
    ],
)
def test_a_path_that_is_too_long_is_refused(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(command.format("x" * 300).split()) == 2
    said = capsys.readouterr().err
    assert "too long" in said
    assert said.strip().count("\n") == 0


def test_a_table_of_others_is_not_overwritten_by_results(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results.csv").write_text("a,b\n1,2\n")
    assert main(["evaluate", "mnist", "digits", "--episodes", "2", "--output", "."]) == 2
    assert "is not a table of gpicl's results" in capsys.readouterr().err
    assert (tmp_path / "results.csv").read_text() == "a,b\n1,2\n"


def test_the_version_is_that_of_the_installed_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"gpicl {version('gpicl')}\n"


def test_no_help_waits_for_torch():
    program = """
import contextlib, sys
from gpicl.cli.main import COMMANDS, main
for command in COMMANDS:
    with contextlib.suppress(SystemExit):
        main([command, "--help"])
main(["--help"])
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_the_card_says_how_the_weights_were_made(trained):
    card = json.loads((trained / "weights.json").read_text())
    assert card["meta_training"]["training"]["steps"] == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("training: [1", "line 1, column 11"),
        ("- a\n- b\n", "it must be a mapping of settings, not ['a', 'b']"),
        ("text", "it must be a mapping of settings, not 'text'"),
    ],
)
def test_a_file_that_is_no_configuration_is_named(tmp_path, capsys, content, message):
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    assert main(["train", "--config", str(path)]) == 2
    said = capsys.readouterr().err
    assert str(path) in said
    assert message in said


@pytest.mark.parametrize("value", ["3", "[1, 2]", "text"])
def test_a_group_of_a_configuration_that_holds_no_settings_is_refused(tmp_path, capsys, value):
    """It was left out without a word, and the run was another one."""
    path = tmp_path / "mine.yaml"
    path.write_text(f"training: {value}\n")
    assert main(["train", "--config", str(path), *TRAIN[1:], "--output", str(tmp_path / "runs")]) == 2
    assert "training must be a mapping of settings" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_an_error_names_both_kinds_of_value_that_are_accepted(capsys):
    assert main([*TRAIN, "--training.first_step", "soon"]) == 2
    told = capsys.readouterr().err
    assert "one of 'init'" in told
    assert "a whole number" in told


def test_a_batch_that_no_memory_holds_is_an_error_with_a_remedy(tmp_path, capsys):
    command = ["train", "--data.dataset", "digits", "--training.steps", "1", "--output", str(tmp_path)]
    assert main([*command, "--training.batch", str(10**15)]) == 2
    told = capsys.readouterr().err
    assert "out of memory" in told
    assert "training.accumulate" in told


def test_shipped_weights_are_tested_with_the_code_that_they_are_shipped_with(tmp_path, capsys):
    command = ["evaluate", "mnist", "digits", "--episodes", "2", "--positions", "5", "--length", "5"]
    assert main([*command, "--output", str(tmp_path)]) == 0
    assert "has changed" not in capsys.readouterr().err
