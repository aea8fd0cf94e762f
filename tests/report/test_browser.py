"""The report in a real browser, with names that bite: drawn whole, asking for nothing, fit for a phone and paper.

It needs a Chromium (Debian's package `chromium`) and, for what axe-core finds, `make axe`; it is skipped without.
"""

import copy
from pathlib import Path

import pytest

from regularization.report import report_page
from tests.conftest import ROOT
from tests.report.examples import inputs
from tools.browser import Page, chromium, find_chromium

pytestmark = pytest.mark.training

AXE = ROOT / ".axe" / "node_modules" / "axe-core" / "axe.min.js"
UNFOLD = "document.querySelectorAll('details.part').forEach(part => { part.open = true; })"
PHONE, DESK = 390, 1100
LOOKS = {"phone": (PHONE, "dark"), "desk": (DESK, "light")}


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Page:
    path = find_chromium()
    if path is None:
        pytest.skip("expected a Chromium: apt-get install chromium")
    with chromium(path) as page:
        yield page


@pytest.fixture(scope="module")
def file(browser, tmp_path_factory, committed_params) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_page(**inputs(copy.deepcopy(committed_params), hostile=True)), encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=["phone", pytest.param("desk", marks=pytest.mark.slow)])
def opened(browser, file, request) -> Page:
    width, scheme = LOOKS[request.param]
    browser.look(width=width, height=800, scheme=scheme)
    browser.open(file)
    browser.evaluate(f"{UNFOLD}; 0")
    browser.evaluate("new Promise(done => setTimeout(done, 500))")  # until what was folded is drawn
    return browser


def methods(page: Page, *names: str) -> list[dict]:
    return [event["params"] for event in page.events if event.get("method") in names]


def test_the_page_says_nothing_on_the_console_and_no_name_runs(opened):
    said = methods(opened, "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
    assert said == []
    assert methods(opened, "Page.javascriptDialogOpening") == []


def test_no_request_leaves_the_page(opened, file):
    asked = [event["request"]["url"] for event in methods(opened, "Network.requestWillBeSent")]
    assert asked[0] == file.as_uri()
    assert not [url for url in asked[1:] if not url.startswith(("data:", "blob:"))]


def test_every_chart_is_drawn(opened):
    marks = opened.evaluate(
        "[...document.querySelectorAll('.plot')].map(plot => "
        "plot.querySelectorAll('.scatterlayer .trace, .heatmaplayer .hm').length)"
    )
    assert len(marks) >= 14
    assert min(marks) >= 1


def test_nothing_is_wider_than_the_window(opened):
    assert opened.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
def test_no_title_of_an_axis_goes_beyond_its_picture(browser, tmp_path, committed_params, look):
    """With names of usual length; those of the page above take half of it."""
    path, (width, scheme) = tmp_path / "report.html", LOOKS[look]
    path.write_text(report_page(**inputs(copy.deepcopy(committed_params))), encoding="utf-8")
    browser.look(width=width, height=800, scheme=scheme)
    browser.open(path)
    browser.evaluate(f"{UNFOLD}; 0")
    browser.evaluate("new Promise(done => setTimeout(done, 500))")
    titles = browser.evaluate(
        "[...document.querySelectorAll('.plot')].flatMap(plot => { const its = plot.getBoundingClientRect();"
        "return [...plot.querySelectorAll('.xtitle, .ytitle')].map(title => {"
        "const box = title.getBoundingClientRect(); return [title.textContent,"
        "Math.min(box.left - its.left, its.right - box.right, box.top - its.top)]; }); })"
    )
    assert len(titles) >= 14
    assert [text for text, room in titles if room < -1] == []


def test_the_first_part_is_short_and_a_link_opens_what_is_folded(browser, file):
    browser.look(width=DESK, height=800)
    browser.open(file)
    words = "['#lead', '#verdict'].map(its => document.querySelector(its).innerText.split(' ').length)"
    assert 0 < sum(browser.evaluate(words)) < 1200
    shown = "[...document.querySelectorAll('details.part')].map(part => part.open)"
    assert not any(browser.evaluate(shown))
    browser.evaluate("document.querySelector('nav a[href=\"#sweep\"]').click(); 0")
    browser.evaluate("new Promise(done => setTimeout(done, 300))")
    assert browser.evaluate(shown).count(True) == 1
    assert browser.evaluate("document.querySelectorAll('#sweep .plot .trace').length") >= 1


def test_the_colours_follow_the_reader(opened, request):
    paper = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = opened.evaluate("getComputedStyle(document.querySelector('.plot .xtick text')).fill")
    is_dark = opened.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert (paper, ink) == (
        ("rgb(18, 22, 28)", "rgb(230, 234, 240)") if is_dark else ("rgb(255, 255, 255)", "rgb(28, 36, 48)")
    )


def test_axe_finds_no_serious_violation(opened):
    if not AXE.exists():
        pytest.skip("expected axe-core: make axe")
    opened.evaluate(f"{AXE.read_text(encoding='utf-8')}; 0")
    found = opened.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map(each => "
        "[each.impact, each.id, each.nodes.slice(0, 3).map(node => node.html.slice(0, 200))]))"
    )
    assert [each for each in found if each[0] in ("serious", "critical")] == []


def test_paper_is_white_and_without_what_cannot_be_pressed(browser, file):
    browser.look(width=DESK, height=800, scheme="dark", media="print")
    browser.open(file)
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    widths = browser.evaluate("[...document.querySelectorAll('.plot .main-svg')].map(svg => svg.clientWidth)")
    assert max(widths) == 680
    assert browser.evaluate("document.querySelectorAll('details.part:not([open])').length") == 0
    assert len(widths) >= 14


def test_without_scripts_the_page_says_where_the_figures_are(browser, file):
    browser.look(width=PHONE, height=800, scripts=False)
    browser.open(file)
    browser.send("Emulation.setScriptExecutionDisabled", value=False)
    text = browser.evaluate("document.body.textContent")
    assert "Scripts are off, so this chart is not drawn" in text
    assert "l1l2 against base: test accuracy" in text
    assert browser.evaluate("document.querySelectorAll('.plot svg').length") == 0
    assert browser.evaluate("document.querySelectorAll('noscript img').length") == 3
    assert browser.evaluate("document.documentElement.scrollWidth") <= PHONE
