"""The page in a real browser: drawn on by mouse, finger and keyboard."""

import math
import random
import re
from urllib.parse import urlsplit

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright, of the extra `dev`")
from playwright.sync_api import expect

PATIENCE = 600_000  # milliseconds; a busy machine is no failure
expect.set_options(timeout=PATIENCE)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def open_page(chromium, server):
    """Open the page as a new visitor; at the end nothing may have been amiss, and no other host asked."""
    amiss, hosts, contexts = [], set(), []

    def note(message):
        # A refusal is no fault, though the browser calls it an error.
        if message.type in ("error", "warning") and "responded with a status of" not in message.text:
            amiss.append(message.text)

    def new(**options):
        context = chromium.new_context(**options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: amiss.append(str(error)))
        page.on("dialog", lambda dialog: amiss.append(dialog.message))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.goto(server[0])
        expect(page.locator(".class")).to_have_count(2)
        return page

    yield new
    for context in contexts:
        context.close()
    assert not amiss
    assert hosts == {urlsplit(server[0]).netloc}


def ring():
    return [[(0.5 + 0.35 * math.cos(i / 4), 0.5 + 0.35 * math.sin(i / 4)) for i in range(26)]]


def cross():
    return [[(0.2, 0.2), (0.5, 0.5), (0.8, 0.8)], [(0.8, 0.2), (0.5, 0.5), (0.2, 0.8)]]


def by_hand(strokes, seed):
    """Nobody draws the same sign twice: another size, another place, and a hand that shakes."""
    shake = random.Random(seed)
    size, right, down = shake.uniform(0.6, 1.1), shake.uniform(-0.08, 0.08), shake.uniform(-0.08, 0.08)

    def moved(place, by):
        return 0.5 + size * (place - 0.5) + by + shake.gauss(0, 0.012)

    return [[(moved(x, right), moved(y, down)) for x, y in stroke] for stroke in strokes]


def draw(page, strokes, lift=True):
    sheet = page.locator("#pad").bounding_box()

    def move(x, y):
        page.mouse.move(sheet["x"] + x * sheet["width"], sheet["y"] + y * sheet["height"])

    for stroke in strokes:
        move(*stroke[0])
        page.mouse.down()
        for place in stroke[1:]:
            move(*place)
        if lift:
            page.mouse.up()


def count_of(page, label):
    return page.locator(".count").nth(label)


def expect_verdict(page, text):
    expect(page.locator("#verdict")).to_have_text(re.compile(text))


def teach_both(page, times):
    for i in range(times):
        for label, sign in enumerate((ring, cross)):
            draw(page, by_hand(sign(), 10 * label + i))
            # With the mouse and with the keys in turn.
            if i % 2:
                page.keyboard.press(str(label + 1))
            else:
                page.get_by_role("button", name=f"(key {label + 1})").click()
            expect(count_of(page, label)).to_have_text(str(i + 1))


@pytest.mark.parametrize("scrambled", [False, True])
def test_taught_five_of_each_of_two_signs_it_tells_the_sixth(open_page, scrambled):
    page = open_page()
    for label, name in enumerate(("ring", "cross")):
        page.locator("input.name").nth(label).fill(name)
        page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Teach this drawing as cross (key 2)")).to_be_visible(timeout=PATIENCE)
    if scrambled:
        page.get_by_role("switch").check(force=True)
        expect(page.locator("#legend")).to_contain_text("scrambled")
    teach_both(page, 5)
    for label, (name, sign) in enumerate({"ring": ring, "cross": cross}.items()):
        draw(page, by_hand(sign(), 100 + label))
        expect_verdict(page, rf"^{name}, \d+ %$")
        expect(page.locator(".class").nth(label)).to_have_class(re.compile("leading"))
        page.get_by_role("button", name="Clear").click()
    expect(page.locator("#curve-summary")).to_have_text(re.compile(r"of 8 right, \d+ %"))

    page.reload()
    expect(count_of(page, 1)).to_have_text("5")
    assert page.locator("input.name").nth(1).input_value() == "cross"
    assert page.get_by_role("switch").is_checked() == scrambled
    draw(page, by_hand(ring(), 200))
    expect_verdict(page, "^ring")


def test_the_switch_keeps_what_was_taught_and_adds_a_curve(open_page):
    page = open_page()
    teach_both(page, 3)
    page.locator(".switch").click()
    expect(page.locator("#legend li")).to_have_count(2)
    page.get_by_label("Learner", exact=True).select_option("NearestNeighbour")
    expect(page.locator("#legend li")).to_have_count(3)
    expect(page.locator("#legend")).to_contain_text("NearestNeighbour, scrambled")
    expect(page.locator("#about")).to_contain_text("most similar")
    expect(page.locator("#curve-summary")).to_contain_text("of 4 right")


def test_bars_move_while_one_draws(open_page):
    page = open_page()
    teach_both(page, 2)
    draw(page, by_hand(cross(), 300)[:1], lift=False)
    expect_verdict(page, "%$")
    before = page.locator(".meter").first.get_attribute("aria-valuenow")
    sheet = page.locator("#pad").bounding_box()
    for x, y in ring()[0]:
        page.mouse.move(sheet["x"] + x * sheet["width"], sheet["y"] + y * sheet["height"])
    expect(page.locator(".meter").first).not_to_have_attribute("aria-valuenow", before)
    page.mouse.up()


def test_an_answer_that_is_no_json_is_reported_and_the_page_goes_on(open_page):
    """As from a proxy whose server is away for a moment."""
    page = open_page()
    page.route("**/api/examples", lambda route: route.fulfill(status=502, body="<html>Bad Gateway</html>"), times=1)
    draw(page, cross())
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_contain_text("status 502")
    expect(count_of(page, 0)).to_have_text("0")
    page.keyboard.press("1")  # the drawing is there again
    expect(count_of(page, 0)).to_have_text("1")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_prediction_that_failed_is_forgotten_after_one_that_did_not(open_page):
    page = open_page()
    page.route("**/api/predictions", lambda route: route.fulfill(status=502, body="away"))
    draw(page, cross())
    expect(page.get_by_role("alert")).to_contain_text("status 502")
    page.unroute("**/api/predictions")
    draw(page, ring())
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_lesson_that_has_ended_is_replaced_by_a_new_one(open_page):
    page = open_page()
    page.get_by_label("Name of a new class").fill("bar")
    page.keyboard.press("Enter")
    expect(page.locator(".class")).to_have_count(3)
    (cookie,) = page.context.cookies()
    page.context.add_cookies([{**cookie, "value": "A" * 43}])  # as after a restart of the server
    draw(page, cross())
    expect(page.get_by_role("alert")).to_contain_text("This is a new one")
    expect(page.locator(".class")).to_have_count(2)


def test_undo_takes_back_strokes_and_lessons(open_page):
    page = open_page()
    undo = page.get_by_role("button", name="Undo", exact=True)
    expect(undo).to_be_disabled()
    draw(page, cross())
    page.keyboard.press("1")
    expect(count_of(page, 0)).to_have_text("1")
    undo.click()
    expect(count_of(page, 0)).to_have_text("0")
    expect(undo).to_be_disabled(timeout=PATIENCE)
    draw(page, cross())
    page.get_by_role("button", name="Undo stroke").click()
    page.get_by_role("button", name="Undo stroke").click()
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_have_text("The drawing is empty. Draw something first.")


def test_it_can_start_with_digits_and_start_over(open_page):
    page = open_page()
    page.get_by_role("button", name="Start with 50 digits").click()
    expect(page.locator(".class")).to_have_count(10)
    expect(page.locator("#curve-summary")).to_contain_text("of 40 right")
    draw(page, by_hand([[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]], 5))
    expect_verdict(page, r"^1, ")
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".class")).to_have_count(2)


def test_ten_classes_have_a_key_each_and_there_is_no_eleventh(open_page):
    page = open_page()
    for i in range(3, 11):
        page.get_by_label("Name of a new class").fill(f"sign {i}")
        page.keyboard.press("Enter")
        expect(page.locator(".class")).to_have_count(i)
    expect(page.get_by_role("button", name="Add class")).to_be_hidden()
    page.locator("#pad").focus()
    draw(page, ring())
    page.keyboard.press("0")
    expect(count_of(page, 9)).to_have_text("1")


def test_names_are_text_and_long_ones_are_refused(open_page):
    page = open_page()
    new = page.get_by_label("Name of a new class")
    new.fill("x" * 100_000)
    page.get_by_role("button", name="Add class").click()
    expect(page.get_by_role("alert")).to_contain_text("40 characters at most")
    hostile = "<img src=x onerror=alert(1)>"
    new.fill(hostile)
    page.get_by_role("button", name="Add class").click()
    expect(page.locator(".class")).to_have_count(3)
    expect(page.get_by_role("alert")).to_be_hidden()
    assert page.locator("input.name").nth(2).input_value() == hostile
    draw(page, ring())
    page.keyboard.press("3")
    expect_verdict(page, re.escape(hostile))
    name = page.locator("input.name").first
    name.fill("y" * 100_000)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("40 characters at most")
    expect(name).to_have_value("A")
    assert page.locator("img").count() == 0


def test_it_can_be_taught_without_a_mouse(open_page):
    page = open_page()
    press = page.keyboard.press

    def line(direction):
        press(" ")
        for _ in range(3):
            press(f"Shift+{direction}")
        press(" ")

    while page.evaluate("document.activeElement.id") != "pad":
        press("Tab")
    expect(page.locator("#pad")).to_have_accessible_description(re.compile("space bar puts it down"))
    for label, direction in enumerate(("ArrowRight", "ArrowDown")):
        line(direction)
        expect(page.locator("#announcer")).to_have_text(re.compile("Pen lifted"))
        press(str(label + 1))
        expect(count_of(page, label)).to_have_text("1")
        press("Escape")
        for _ in range(3):
            press({"ArrowRight": "Shift+ArrowLeft", "ArrowDown": "Shift+ArrowUp"}[direction])
    line("ArrowRight")
    expect_verdict(page, "^A, ")
    expect(page.locator("#announcer")).to_have_text(re.compile("^A, "))
    press("Escape")
    line("ArrowDown")
    expect_verdict(page, "^B, ")


def test_on_a_phone_it_is_taught_by_finger_and_nothing_is_cut_off(open_page):
    page = open_page(**PHONE)
    page.get_by_role("button", name="Start with 50 digits").click()
    expect(page.locator(".class")).to_have_count(10)
    for label in (0, 1):
        page.locator("input.name").nth(label).fill(str(label) + "W" * 39)
        page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("as 1W{39} "))).to_be_visible(timeout=PATIENCE)
    page.evaluate("scrollTo(0, 0)")
    sheet = page.locator("#pad").bounding_box()
    hand = page.context.new_cdp_session(page)
    for i, (x, y) in enumerate(ring()[0]):
        point = {"x": sheet["x"] + x * sheet["width"], "y": sheet["y"] + y * sheet["height"]}
        kind = "touchMove" if i else "touchStart"
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect_verdict(page, "^0W{39}, ")
    assert page.evaluate("scrollY") == 0, "a finger that draws does not scroll"
    page.get_by_role("button", name="(key 1)").click()  # a tap, where all is slow, is a long press
    expect(count_of(page, 0)).to_have_text("6")
    for button in page.get_by_role("button").all():
        size = button.bounding_box()
        assert size is None or min(size["width"], size["height"]) >= 36, "a finger needs room"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_everything_that_can_be_used_has_a_name(open_page):
    page = open_page()
    controls = page.locator("button, input, select, canvas#pad, canvas#seen, svg#curve, [role=meter]")
    for control in controls.all():
        expect(control).to_have_accessible_name(re.compile(r"\w"))


def test_a_dark_scheme_is_followed(open_page):
    grounds = []
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        grounds.append(sum(map(int, re.findall(r"\d+", colour))))
    assert grounds[0] > 600 > 150 > grounds[1]


def test_the_api_is_described_by_a_page_too(open_page):
    page = open_page()
    page.get_by_role("link", name="JSON API").click()
    expect(page.get_by_role("heading", name="POST /api/predictions")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#answers")).to_contain_text("running_accuracy")
