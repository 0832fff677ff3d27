"""Every group of figures, as small as can be: real work, in real processes."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from gpicl.bench import GROUPS
from gpicl.bench.figures import RATES
from gpicl.bench.groups import chosen_groups, find_group
from gpicl.bench.setting import Case, Setting, all_cases, find_scale
from gpicl.bench.steps import usage_of
from gpicl.cli.main import main
from gpicl.learners import LEARNERS

SETTING = Setting.of(find_scale("smoke"), "auto")
SMALL = {"layers": 1, "width": 16, "heads": 2, "key_size": 8}


@pytest.fixture(scope="module")
def measured():
    """The groups that run in this process."""
    names = ("tasks", "steps", "quickstart", "metatest", "classifier")
    return {name: find_group(name)(SETTING, lambda _: None) for name in names}


def figures_of(measured, group):
    return [figure for figure in measured[group].figures if figure.unit not in RATES]


def test_every_figure_is_a_positive_number_beside_a_positive_limit(measured):
    for group, (figures, _) in measured.items():
        assert len({(figure.name, figure.unit) for figure in figures}) == len(figures), "a name is a figure"
        for figure in figures:
            assert figure.group == group
            assert math.isfinite(figure.value)
            assert figure.value > 0
            assert figure.low <= figure.value <= figure.high
            assert figure.limit is None or figure.limit > 0
            assert figure.limit is None or figure.limited_by


def test_every_group_measures_the_machine_in_the_same_run(measured):
    for figures, _ in measured.values():
        assert {figure.name for figure in figures} >= {
            "fp32 matrix product",
            "memory, read and written",
            "normal random numbers",
        }


def test_every_learner_takes_a_step(measured):
    assert {figure.name.partition(",")[0] for figure in figures_of(measured, "steps")} == set(LEARNERS)
    assert all(figure.per_second and figure.share for figure in figures_of(measured, "steps"))


def test_tasks_are_made_of_every_kind_of_image_and_of_both_numbers_of_tasks(measured):
    names = {figure.name for figure in figures_of(measured, "tasks")}
    assert names == {f"4x4x{c}, {tasks}" for c in (1, 3) for tasks in ("unlimited", "2^16 tasks")}


def test_the_quickstart_says_what_part_of_a_step_its_tasks_take(measured):
    (part,) = [figure for figure in measured["quickstart"].figures if figure.unit == "%"]
    assert 0 < part.value < 100


def test_the_classifier_is_held_against_a_support_vector_machine(measured):
    ratios = [figure.name for figure in figures_of(measured, "classifier") if figure.unit == "x"]
    assert ratios == [f"4 members beside SVC, {what}" for what in ("fit 20 rows", "one query", "50 queries")]


def test_where_gpt2_is_not_installed_the_group_says_so_and_how_to_install_it(monkeypatch):
    monkeypatch.setattr("gpicl.bench.groups.others.find_spec", lambda _: None)
    figures, (note,) = find_group("gpt2")(SETTING, lambda _: None)
    assert figures == []
    assert "pip install transformers" in note


def test_we_are_held_against_gpt2_as_it_comes_and_at_its_fastest_where_it_is_installed():
    pytest.importorskip("transformers")
    figures, notes = find_group("gpt2")(SETTING, lambda _: None)
    assert notes == []
    ratios = [figure.name for figure in figures if figure.unit == "x"]
    assert ratios == [
        f"TokenTransformer beside {rival}, d = {width}"
        for width in (16, 32)
        for rival in ("GPT-2 as it comes", "the fastest GPT-2")
    ]


def test_gpt2_reads_episodes_causally():
    pytest.importorskip("transformers")
    from gpicl.bench.groups.others import Gpt2

    torch.manual_seed(0)
    model = Gpt2(5, 8, 1, 16, 2, "sdpa", "gelu_new").eval()
    inputs, labels = torch.randn(2, 8, 5), torch.randint(10, (2, 8))
    changed = inputs.clone()
    changed[:, 4:] += 1
    with torch.no_grad():
        before, after = model(inputs, labels), model(changed, labels)
    assert before.shape == (2, 8, 10)
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_the_peak_of_a_process_is_its_own_and_not_that_of_the_one_that_started_it():
    held = np.ones(2**27)  # one gibibyte, more than the child needs
    usage = usage_of(Case("TokenTransformer", SMALL, 2, 8, 16), SETTING, steps=1)
    assert 0 < usage.idle <= usage.peak < held.nbytes
    assert len(usage.seconds) == 1


def test_a_step_that_wants_more_memory_than_there_is_fails_alone():
    # A batch whose inputs alone are an exbibyte.
    assert usage_of(Case("TokenTransformer", SMALL, 2**40, 8, 2**16), SETTING, steps=1) is None


def test_all_groups_but_the_longest_are_chosen_where_none_is_named():
    assert chosen_groups(None) == [name for name in GROUPS if name != "scaling"]
    assert chosen_groups("scaling, tasks") == ["tasks", "scaling"]


def test_the_transformers_are_timed_at_two_widths():
    widths = [c.options["width"] for c in all_cases(find_scale("full")) if c.name == "TokenTransformer"]
    assert widths == [128, 256]


def test_the_command_prints_tables_writes_a_file_and_compares_with_an_earlier_one(tmp_path, capsys):
    command = ["bench", "--scale", "smoke", "--only", "startup,tasks,scaling"]
    assert main([*command, "--output", str(tmp_path / "old.json")]) == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("gpicl --help", "MiB", "T = 4", "B = 2", "B = 4"))
    written = json.loads((tmp_path / "old.json").read_text())
    assert {figure["group"] for figure in written["figures"]} == {"startup", "tasks", "scaling"}
    assert written["machine"]["threads"] == torch.get_num_threads()
    again = ["bench", "--scale", "smoke", "--only", "tasks", "--compare", str(tmp_path / "old.json")]
    assert main([*again, "--output", str(tmp_path / "new.json")]) == 0
    assert "times as good" in capsys.readouterr().out


def test_what_was_measured_stays_when_the_benchmark_is_ended(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("gpicl.bench.groups.learners.usage_of", interrupt)
    command = ["bench", "--scale", "smoke", "--only", "tasks,memory", "--output", str(tmp_path / "bench.json")]
    assert main(command) == 130
    assert {f["group"] for f in json.loads((tmp_path / "bench.json").read_text())["figures"]} == {"tasks"}


@pytest.mark.parametrize("program", ["import gpicl.bench", "from gpicl.cli.main import main; main(['--help'])"])
def test_neither_the_room_nor_the_help_waits_for_lightning(program):
    program += "; import sys; assert 'lightning' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
