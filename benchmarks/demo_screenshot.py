"""Take the picture of the demo for the README: `python benchmarks/demo_screenshot.py`.

It is a real session in a browser: six invented signs, four drawings of each, and an unfinished drawing. Needs the extra
`dev` and Chromium.
"""

import argparse
import math
import random
from itertools import pairwise

from demo_latency import demo
from playwright.sync_api import Page, sync_playwright

Stroke = list[tuple[float, float]]


def arc(x: float, y: float, wide: float, high: float, begin: float, end: float) -> Stroke:
    """Part of an ellipse between two angles in degrees."""
    angles = [math.radians(begin + (end - begin) * i / 24) for i in range(25)]
    return [(x + wide * math.cos(angle), y + high * math.sin(angle)) for angle in angles]


def line(*corners: tuple[float, float]) -> Stroke:
    """Straight lines from corner to corner."""
    stroke = [corners[0]]
    for (x, y), (next_x, next_y) in pairwise(corners):
        stroke += [(x + (next_x - x) * i / 6, y + (next_y - y) * i / 6) for i in range(1, 7)]
    return stroke


def star() -> Stroke:
    """A star with five points, in one stroke."""
    angles = [math.radians(-90 + 144 * i) for i in range(6)]
    return line(*((0.5 + 0.4 * math.cos(angle), 0.5 + 0.4 * math.sin(angle)) for angle in angles))


SIGNS: dict[str, list[Stroke]] = {
    "arrow": [line((0.15, 0.5), (0.85, 0.5)), line((0.6, 0.25), (0.85, 0.5), (0.6, 0.75))],
    "face": [
        arc(0.5, 0.5, 0.36, 0.36, 0, 360),
        line((0.38, 0.4), (0.38, 0.43)),
        line((0.62, 0.4), (0.62, 0.43)),
        arc(0.5, 0.54, 0.18, 0.14, 20, 160),
    ],
    "house": [line((0.2, 0.85), (0.2, 0.45), (0.5, 0.15), (0.8, 0.45), (0.8, 0.85), (0.2, 0.85))],
    "spiral": [[(0.5 + 0.0076 * i * math.cos(0.28 * i), 0.5 + 0.0076 * i * math.sin(0.28 * i)) for i in range(51)]],
    "fish": [arc(0.42, 0.5, 0.28, 0.2, 40, 320), line((0.63, 0.37), (0.85, 0.65)), line((0.63, 0.63), (0.85, 0.35))],
    "star": [star()],
}


def by_hand(strokes: list[Stroke], hand: random.Random) -> list[Stroke]:
    """Rotate, scale and move strokes a little, and add noise."""
    turn, size, right, down = hand.gauss(0, 0.14), hand.uniform(0.75, 1), hand.uniform(-0.06, 0.06), hand.gauss(0, 0.03)

    def moved(x: float, y: float) -> tuple[float, float]:
        x, y = x - 0.5, y - 0.5
        x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
        return 0.5 + size * x + right + hand.gauss(0, 0.006), 0.5 + size * y + down + hand.gauss(0, 0.006)

    return [[moved(x, y) for x, y in stroke] for stroke in strokes]


def draw(page: Page, strokes: list[Stroke]) -> None:
    """Draw with the mouse."""
    page.locator("#pad").scroll_into_view_if_needed()
    sheet = page.locator("#pad").bounding_box()
    if sheet is None:
        raise SystemExit("The page has no element #pad to draw on.")
    for stroke in strokes:
        places = [(sheet["x"] + x * sheet["width"], sheet["y"] + y * sheet["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()


def teach(page: Page, hand: random.Random, times: int) -> None:
    """Name the classes, and teach them in random order."""
    for label, name in enumerate(SIGNS):
        box = page.locator("input.name").nth(label) if label < 2 else page.locator("#new-name")
        box.fill(name)
        box.press("Enter")
        page.get_by_role("button", name=f"as {name} ").wait_for()
    for time in range(1, times + 1):
        for label, name in hand.sample(list(enumerate(SIGNS)), len(SIGNS)):
            draw(page, by_hand(SIGNS[name], hand))
            page.keyboard.press(str(label + 1))
            page.locator(".count").nth(label).filter(has_text=str(time)).wait_for()


def main() -> None:
    """Teach, draw, and take the screenshot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="docs/images/demo.png")
    parser.add_argument("--weights", default="general")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--scheme", choices=["light", "dark"], default="light")
    parser.add_argument("--scrambled", action="store_true")
    options = parser.parse_args()
    hand = random.Random(7)
    with demo(options.weights) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": options.width, "height": 900}, color_scheme=options.scheme)
        page.set_default_timeout(120_000)
        page.goto(address)
        page.locator(".class").nth(1).wait_for()
        teach(page, hand, times=4)
        if options.scrambled:
            page.locator(".switch").click()
            page.locator("#legend").filter(has_text="scrambled").wait_for()
        page.locator("#curve-summary").filter(has_text="of 18 right").wait_for()
        # The fish before its tail is finished: the learner is not certain yet.
        draw(page, by_hand(SIGNS["fish"], hand)[:2])
        page.locator("#verdict").filter(has_text="%").wait_for()
        page.evaluate("document.activeElement.blur()")
        page.wait_for_timeout(1000)
        page.screenshot(path=options.output, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
