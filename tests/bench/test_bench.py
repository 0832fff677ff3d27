"""Every group of figures, as small as can be: real work."""

import json
import math
import subprocess
import sys

import pytest
import torch

from gpicl.bench import GROUPS, groups, run_bench
from gpicl.bench.groups import Case, captured_training_step, chosen_groups, training_step
from gpicl.bench.report import results_table
from gpicl.bench.timing import SCALES, Figure, Session
from gpicl.cli.main import main
from gpicl.learners import LEARNERS, build_learner

CPU = torch.device("cpu")
CUDA = pytest.param(torch.device("cuda"), marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))


@pytest.fixture(scope="module", params=[CPU, CUDA])
def bench_results(request):
    return run_bench(GROUPS, "smoke", request.param, command="gpicl bench")


def names_of(bench_results, group):
    return [figure.name for figure in bench_results.figures if figure.group == group]


def test_every_figure_is_a_positive_number(bench_results):
    assert {figure.group for figure in bench_results.figures} == set(GROUPS)
    assert len({(f.group, f.name, f.mode) for f in bench_results.figures}) == len(bench_results.figures), (
        "a name is a figure"
    )
    for figure in bench_results.figures:
        assert math.isfinite(figure.milliseconds)
        assert 0 < figure.low <= figure.milliseconds <= figure.high


def test_the_device_is_measured_in_the_same_run(bench_results):
    assert {"fp32", "memory"} <= set(bench_results.peaks)
    assert all(rate > 0 for rate in bench_results.peaks.values())


def test_every_learner_takes_a_step_and_the_transformers_share_of_the_peak_is_reported(bench_results):
    steps = [figure for figure in bench_results.figures if figure.group == "steps"]
    assert {figure.name.partition(",")[0] for figure in steps} == set(LEARNERS)
    assert {figure.name.partition(",")[0] for figure in steps if figure.peak_share} == {
        name for name in LEARNERS if name.endswith("Transformer")
    }
    assert all(figure.per_second for figure in steps)
    modes = {"eager", "graph"} if bench_results.machine.get("cuda") else {"eager"}
    assert {figure.mode for figure in steps} == modes


def test_a_learner_and_both_presets_are_meta_trained(bench_results):
    told = names_of(bench_results, "training")
    assert told == ["FastWeightMemory, B = 2", "the preset quickstart, B = 2", "the preset flagship, B = 2"]


def test_tasks_are_made_of_every_kind_of_image_and_of_both_numbers_of_tasks(bench_results):
    told = {name.rpartition(",")[0] for name in names_of(bench_results, "tasks")}
    expected = {f"4x4x{c}, {tasks}" for c in (1, 3) for tasks in ("unlimited", "2^16 tasks")}
    assert told == expected | {"4x4x1, widened"}


def test_the_table_names_everything_once(bench_results):
    table = results_table(bench_results)
    (names,) = [column._cells for column in table.columns[:1]]
    rows = [name.strip() for name in names if not name.startswith("[bold]")]
    assert len(rows) == len({(f.group, f.name) for f in bench_results.figures})
    assert "memory" in str(table.caption)


def test_a_captured_step_is_the_same_step(monkeypatch):
    built = []
    monkeypatch.setattr(groups, "build_learner", lambda *a, **k: built.append(build_learner(*a, **k)) or built[-1])
    case = Case("LSTM", {}, 2, 8, 16)
    session = Session("smoke", CPU, "fp32")
    for make, taken in ((training_step, 7), (captured_training_step, 1)):  # the second has taken six
        torch.manual_seed(0)
        step = make(case, session)
        for _ in range(taken):
            step()
    eager, captured = (list(learner.parameters()) for learner in built)
    torch.testing.assert_close(eager, captured)
    torch.manual_seed(0)
    assert not torch.equal(next(case.build().parameters()), eager[0]), "nothing was learned"


def test_all_groups_are_chosen_where_none_is_named():
    assert chosen_groups(None) == list(GROUPS)
    assert chosen_groups("steps, tasks") == ["tasks", "steps"]


def test_the_token_transformer_is_timed_at_two_widths():
    session = Session("smoke", CPU)
    session.scale = SCALES["full"]
    widths = [case.options["width"] for case in groups.cases(session) if case.name == "TokenTransformer"]
    assert widths == [128, 256]


def test_the_command_prints_a_table_and_writes_a_file(tmp_path, capsys):
    command = ["bench", "--scale", "smoke", "--only", "tasks", "--device", "cpu"]
    assert main([*command, "--output", str(tmp_path / "bench.json")]) == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("Making a batch of tasks", "4x4x3, unlimited", "GFLOP/s", "GB/s"))
    written = json.loads((tmp_path / "bench.json").read_text())
    assert {figure["group"] for figure in written["figures"]} == {"tasks"}
    assert written["machine"]["threads"] == torch.get_num_threads()
    assert written["machine"]["device"]


def test_what_was_measured_stays_when_the_benchmark_is_ended(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt
        yield

    monkeypatch.setitem(GROUPS, "steps", ("Steps", interrupted))
    command = ["bench", "--scale", "smoke", "--only", "tasks,steps", "--output", str(tmp_path / "bench.json")]
    assert main(command) == 130
    assert {f["group"] for f in json.loads((tmp_path / "bench.json").read_text())["figures"]} == {"tasks"}


def test_the_package_does_not_import_lightning_before_it_is_needed():
    program = "import gpicl.bench, sys; assert 'lightning' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_the_rate_is_of_the_median():
    figure = Figure("g", "n", "eager", 3.0, 2.0, 4.0, 5, count=6, of="tokens")
    assert figure.per_second == pytest.approx(2000.0)
