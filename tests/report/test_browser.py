"""The report in Chromium itself; `make test-browser` installs what this needs, elsewhere it skips with the reason."""

import os
import shutil
from pathlib import Path

import pytest

from reproduce.report.report import write_report

pytestmark = pytest.mark.browser

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SCREENS = {
    f"{name}-{scheme}": (size, scheme)
    for name, size in (("desk", DESK), ("phone", PHONE))
    for scheme in ("light", "dark")
}


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install '.[browser]'")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def axe():
    path = Path(os.environ.get("AXE_PATH") or "axe.min.js")
    if not path.is_file():
        pytest.skip("AXE_PATH does not name axe.min.js of axe-core: npm install axe-core")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def address(results, tmp_path):
    return write_report(results, tmp_path, tmp_path / "report.html", papers=()).as_uri()


@pytest.fixture
def visit(browser, address):
    """Opens the report and collects what it asks for and what it complains of."""
    contexts = []

    def open_page(size=DESK, fragment="", **options):
        context = browser.new_context(viewport=size, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address + fragment)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("screen", SCREENS)
def test_no_complaint_no_request_and_no_sideways_scrolling(visit, address, screen):
    size, scheme = SCREENS[screen]
    page = visit(size, color_scheme=scheme)
    assert page.complaints == []
    assert [url for url in page.asked if not url.startswith("data:")] == [address]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")


@pytest.mark.parametrize("screen", SCREENS)
def test_axe_finds_no_violation_with_everything_opened(visit, axe, screen):
    size, scheme = SCREENS[screen]
    page = visit(size, color_scheme=scheme, bypass_csp=True)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert len(found["passes"]) > 15
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


def test_dark_is_dark(visit):
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = (visit(color_scheme=scheme).evaluate(ground) for scheme in ("light", "dark"))
    assert light == "rgb(255, 255, 255)"
    assert max(map(int, dark[4:-1].split(","))) < 40


def shown(page):
    return page.eval_on_selector_all(
        "[id='table1_lidc-phantom-cpu-case-table'] tbody tr:not([hidden]) th", "heads => heads.map(h => h.textContent)"
    )


def test_cases_sort_by_keyboard_and_say_so(visit):
    page = visit()
    table = page.locator("[id='table1_lidc-phantom-cpu-case-table']")
    assert shown(page) == [f"P{i}" for i in range(1, 9)]
    button = table.get_by_role("button", name="optimised_cnn", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    assert table.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert table.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    assert shown(page) == [f"P{i}" for i in range(8, 0, -1)]


def test_cases_filter_down_to_the_worst_and_to_a_fold(visit):
    page = visit()
    form = page.locator("[data-for='table1_lidc-phantom-cpu-case-table']")
    # Dice of patient k is 2 (80 + k) / (200 + k): 0.806 for the first, 0.811 for the second, 0.818 for the third.
    form.locator(".most").fill("0.815")
    assert shown(page) == ["P1", "P2"]
    assert form.locator("output").text_content() == "2 of 8 shown"
    form.locator(".most").fill("")
    form.locator(".text").fill("fold 3")
    assert shown(page) == ["P4", "P8"]
    form.locator(".text").fill("nobody")
    assert shown(page) == []


def test_worst_case_leads_to_its_picture(visit):
    page = visit()
    page.locator("[id='table1_lidc-phantom-cpu-case-table'] tbody tr").first.get_by_role("link").click()
    picture = page.locator("[id='table1_lidc-phantom-cpu-picture1']")
    assert picture.is_visible()
    assert page.url.endswith("#table1_lidc-phantom-cpu-picture1")


def test_outlines_can_be_taken_away_without_script(visit):
    page = visit(java_script_enabled=False)
    section = page.locator("[id='table1_lidc-phantom-cpu']")
    outline = section.locator("path.outline.reference").first
    assert outline.is_visible()
    section.locator(".outlines").uncheck()
    assert not outline.is_visible()


def test_everything_is_there_without_script(visit):
    page = visit(java_script_enabled=False)
    rows = page.locator("[id='table1_lidc-phantom-cpu-case-table'] tbody tr")
    assert rows.count() == 8
    assert rows.first.is_visible()
    assert not page.locator(".filter").first.is_visible()
    page.locator("summary", has_text="Protocol").first.click()
    assert page.get_by_role("rowheader", name="preparation.size").first.is_visible()


def test_first_tab_skips_to_the_content(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("script", [True, False])
def test_print_opens_what_is_folded(visit, script):
    page = visit(java_script_enabled=script)
    page.emulate_media(media="print")
    assert not page.locator(".top").is_visible()
    assert page.locator("summary", has_text="Protocol").first.locator("xpath=..").locator("table").is_visible()
    assert page.pdf().startswith(b"%PDF")


def test_cells_become_cards_on_a_phone_and_stay_a_table_for_a_reader(visit):
    page = visit(PHONE)
    row = page.locator(".cells tbody tr").first
    assert row.evaluate("row => getComputedStyle(row).display") == "block"
    assert page.get_by_role("table", name="Printed and reproduced").first.get_by_role("cell").count() > 0
