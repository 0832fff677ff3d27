"""Measure the latency of the demo: `python benchmarks/demo_latency.py`.

The script starts `gpicl demo` as a user does and teaches it 50 drawings, five of each digit. Then it asks for
predictions over loopback. One request in ten teaches a drawing, so that the next prediction reads the context again.
With --browser it also measures in Chromium the time from a pointer's movement to the first change of a bar.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import numpy as np

TEACH_EVERY = 10

# The time from the pointer's event to the change of a bar includes the pause, the round trip and the painting.
WATCH = """() => {
    window.waits = [];
    let moved = null;
    document.getElementById("pad").addEventListener("pointermove", () => { moved ??= performance.now(); });
    new MutationObserver(() => {
        if (moved !== null) requestAnimationFrame((now) => { window.waits.push(now - moved); moved = null; });
    }).observe(document.getElementById("classes"), { subtree: true, attributeFilter: ["aria-valuenow"] });
}"""


@contextmanager
def demo(weights: str) -> Iterator[str]:
    """Run the command on a free port, and yield its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gpicl.cli.main", "demo", "--port", "0", "--weights", weights],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stderr.readline() if process.stderr else ""
        found = re.search(r"http://\S+(?=/)", line)
        if not found:
            raise SystemExit(line)
        yield found[0]
    finally:
        process.terminate()
        process.wait()


def drawing(random: np.random.Generator) -> list[list[int]]:
    """Draw a random scribble on 56x56 pixels, the size that the page sends."""
    sheet = np.zeros((56, 56), int)
    place, step = random.uniform(10, 46, 2), random.normal(0, 1.5, 2)
    for _ in range(60):
        step = 0.9 * step + random.normal(0, 0.7, 2)
        place = np.clip(place + step, 2, 53)
        row, column = place.astype(int)
        sheet[row - 1 : row + 2, column - 1 : column + 2] = 255
    return sheet.tolist()


def report(what: str, milliseconds: list[float]) -> None:
    """Print the median and the 95th percentile."""
    late = float(np.percentile(milliseconds, 95))
    print(f"{what:<44} median {statistics.median(milliseconds):6.1f} ms   95 % {late:6.1f} ms   n {len(milliseconds)}")


def over_http(address: str, requests: int) -> None:
    """Time the API."""
    random = np.random.default_rng(0)
    times: dict[str, list[float]] = {"predict": [], "teach": [], "predict, first after teaching": []}
    with httpx.Client(base_url=address, timeout=60) as client:

        def timed(kind: str, path: str, body: dict[str, object]) -> None:
            began = time.perf_counter()
            client.post(f"/api/{path}", json=body).raise_for_status()
            times[kind].append(1e3 * (time.perf_counter() - began))

        client.post("/api/start", json={"examples": "digits"}).raise_for_status()
        client.post("/api/predictions", json={"drawing": drawing(random)}).raise_for_status()
        for i in range(requests):
            if i % TEACH_EVERY == TEACH_EVERY - 1:
                timed("teach", "examples", {"drawing": drawing(random), "label": i % 10})
                timed("predict, first after teaching", "predictions", {"drawing": drawing(random)})
                client.post("/api/undo").raise_for_status()
                client.post("/api/predictions", json={"drawing": drawing(random)}).raise_for_status()
            else:
                timed("predict", "predictions", {"drawing": drawing(random)})
    for kind, taken in times.items():
        report(kind, taken)


def in_a_browser(address: str, movements: int, chromium: str) -> None:
    """Time the page in a browser."""
    from playwright.sync_api import sync_playwright

    random = np.random.default_rng(0)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("button", name="Start with 50 digits").click()
        page.locator("#curve-summary").filter(has_text="of 40 right").wait_for(timeout=600_000)
        page.evaluate(WATCH)
        sheet = page.locator("#pad").bounding_box()
        if sheet is None:
            raise SystemExit("The page has no element #pad to draw on.")
        page.mouse.move(sheet["x"] + 20, sheet["y"] + 20)
        page.mouse.down()
        for _ in range(movements):
            right, down = random.uniform(10, sheet["width"] - 10, 2)
            page.mouse.move(sheet["x"] + right, sheet["y"] + down)
            page.wait_for_timeout(250)
        report("browser, from pen to bars", page.evaluate("window.waits"))
        browser.close()


def main() -> None:
    """Time and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--weights", default="general", help="weights of `gpicl demo`")
    parser.add_argument("--browser", metavar="CHROMIUM", help="path of a Chromium, such as /usr/bin/chromium")
    options = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; 50 examples in the context, weights {options.weights}"
    )
    with demo(options.weights) as address:
        over_http(address, options.requests)
        if options.browser:
            in_a_browser(address, options.requests // 10, options.browser)


if __name__ == "__main__":
    main()
