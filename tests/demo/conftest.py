"""Drawings, and the real command behind a real port."""

import os
import re
import shutil
import signal
import subprocess
import sys

import httpx
import numpy as np
import pytest


@pytest.fixture(scope="session")
def draw():
    """Draw a sign on a grid of 28x28: never the same twice, and as large and where it happens to come out."""

    def drawing(sign: str, seed: int = 0) -> list[list[int]]:
        random = np.random.default_rng(seed)
        side = random.integers(12, 18)
        rows, columns = np.indices((side, side)) / (side - 1)
        bent = random.normal(0, 0.06)
        distance = {
            "ring": abs(np.hypot(rows - 0.5, columns - 0.5 + bent) - 0.4),
            "cross": np.minimum(abs(rows - columns + bent), abs(rows + columns - 1)) * 0.7,
            "bar": abs(rows - 0.5 + bent * columns),
            "post": abs(columns - 0.5 + bent * rows),
        }[sign]
        sheet = np.zeros((28, 28), int)
        top, left = random.integers(0, 28 - side, 2)
        sheet[top : top + side, left : left + side] = 255 * (distance < 0.09)
        return sheet.tolist()

    return drawing


@pytest.fixture(scope="session")
def server():
    """Address and process of `gpicl demo`, as a user starts it; all tests of a process share it, as strangers do."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gpicl.cli.main", "demo", "--port", "0"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stderr.readline()
    address = re.search(r"http://[\d.]+:\d+", line)
    assert address, f"it said {line!r}"
    yield address[0], process
    process.send_signal(signal.SIGINT)
    process.communicate()


@pytest.fixture
def client(server):
    """A visitor who has never been there."""
    with httpx.Client(base_url=server[0], timeout=None) as visitor:
        yield visitor


@pytest.fixture(scope="session")
def chromium():
    """A real browser without a window: the system's, since nothing is downloaded for tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the extra `dev`")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as running:
        # Without the sandbox, which root cannot use in a container; it opens our own page alone.
        browser = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
