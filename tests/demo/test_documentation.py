"""What docs/demo.md tells people to do works."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gpicl.demo import limits

PAGE = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_example_teaches_two_signs_and_tells_a_third_drawing(server, tmp_path):
    (block,) = re.findall(r"```bash\nDEMO=http://127.0.0.1:8000\n(.*?)```", PAGE, flags=re.DOTALL)
    ran = subprocess.run(
        ["sh", "-ec", block.replace("\ncurl", "\necho\ncurl")],
        cwd=tmp_path,
        env={"DEMO": server[0], "PATH": "/usr/bin:/bin:/usr/local/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [each["count"] for each in answers[1]["session"]["classes"]] == [1, 1]
    assert answers[2]["predicted"] == 0
    shown = json.loads(re.search(r'\{"probabilities".*\}', PAGE)[0])
    assert set(shown) == set(answers[2])
    assert shown["probabilities"] == [round(probability, 2) for probability in answers[2]["probabilities"]]


def test_every_request_is_in_the_table(client):
    paths = client.get("/openapi.json").json()["paths"]
    told = set(re.findall(r"`(GET|POST|PATCH) (/api/[\w/]+)`", PAGE))
    expected = {
        (method.upper(), path.replace("{label}", "LABEL")) for path, methods in paths.items() for method in methods
    }
    assert told == expected


def test_its_limits_are_those_that_hold():
    told = PAGE.partition("## Limits")[2].partition("##")[0]
    for text in (
        f"{limits.CLASSES} classes",
        f"up to {limits.NAME_LENGTH} characters",
        f"{limits.EXAMPLES} drawings",
        f"{limits.GRID_SIDE}x{limits.GRID_SIDE}",
        f"{limits.BODY_BYTES // 1024} KiB",
        f"{limits.SESSIONS} sessions",
        f"{limits.CONNECTIONS:,} connections",
    ):
        assert text in told
    assert "Two hours without a request" in told
    assert limits.IDLE_SECONDS == 2 * 3600
    assert f"{limits.UNDO_STEPS} steps" in PAGE
