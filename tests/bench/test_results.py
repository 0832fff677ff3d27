"""Results as a file, and two of them side by side."""

import json

import pytest

from gpicl.bench import Figure, Results, compare, read_results, write_results
from gpicl.bench.figures import check_comparable
from gpicl.errors import ConfigError


def figure(value: float, low: float, high: float, unit: str = "ms", name: str = "a step") -> Figure:
    return Figure("steps", name, value, low, high, unit, 5, 1.0, "fp32 GEMM", 64, "tokens")


def results(*figures: Figure) -> Results:
    return Results("full", "bf16", {"cores": 2}, "0.1.0", "gpicl bench", figures=list(figures), notes=["a note"])


def test_what_is_written_is_read_again(tmp_path):
    written = results(figure(4.0, 3.0, 5.0))
    write_results(written, tmp_path / "bench.json")
    assert read_results(tmp_path / "bench.json") == written


def test_the_file_tells_other_programs_the_share_and_the_rate(tmp_path):
    write_results(results(figure(4.0, 3.0, 5.0)), tmp_path / "bench.json")
    (told,) = json.loads((tmp_path / "bench.json").read_text())["figures"]
    assert (told["share"], told["per_second"]) == (0.25, 16_000.0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "Cannot read"),
        ("{", "damaged"),
        ("[]", "no results"),
        ('{"format": 1}', "no results"),
        ('{"format": 9, "figures": []}', "another version"),
        ('{"format": 1, "figures": [{}]}', "no results"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused(tmp_path, content, expected):
    path = tmp_path / "other.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=expected):
        read_results(path)


def test_less_time_is_a_gain_and_so_is_a_higher_rate():
    before = results(figure(4.0, 3.0, 5.0), figure(10.0, 9.0, 11.0, "GB/s", "memory"))
    now = results(figure(2.0, 1.0, 2.5), figure(20.0, 19.0, 21.0, "GB/s", "memory"))
    assert [change.gain for change in compare(before, now)] == [2.0, 2.0]


def test_a_change_is_clear_where_the_quartiles_are_apart():
    before = results(figure(4.0, 3.0, 5.0))
    (clear,), (unclear,) = (compare(before, results(figure(2.0, 1.0, high))) for high in (2.5, 3.5))
    assert clear.clear
    assert not unclear.clear


def test_only_what_both_have_measured_is_compared():
    before, now = results(figure(4.0, 3.0, 5.0, name="old")), results(figure(4.0, 3.0, 5.0, name="new"))
    assert compare(before, now) == []


@pytest.mark.parametrize(("scale", "precision"), [("smoke", "bf16"), ("full", "fp32")])
def test_other_work_is_not_compared(scale, precision):
    with pytest.raises(ConfigError, match="not the same"):
        check_comparable(results(), scale, precision)
