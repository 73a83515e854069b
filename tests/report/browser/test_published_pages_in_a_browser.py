"""The pages that are published with the project, in a real browser: the largest of every kind."""

import json
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

REPORTS = Path(__file__).parents[3] / "reports"
NARROW = 390
# Wider than the screen, and not inside something that scrolls by itself.
TOO_WIDE = """
const limit = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= limit) return [];
return [...document.body.querySelectorAll("*")]
  .filter(e => e.scrollWidth > limit && !e.closest(".scroll"))
  .map(e => e.tagName + "." + e.getAttribute("class")).slice(0, 5);
"""
BROKEN = """
const shown = [...document.images].filter(i => i.loading !== "lazy");
return shown.filter(i => !(i.complete && i.naturalWidth)).map(i => i.src);
"""
HEADINGS = "return [...document.querySelectorAll('h1,h2,h3,h4,h5')].map(h => +h.tagName[1])"
NAMELESS = """
const said = e => e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")
  || e.textContent.trim() || e.title || (e.labels && e.labels.length);
const asked = "button, a[href], input, select, audio, summary, [role=tab], svg[role=img]";
return [...document.querySelectorAll(asked)].filter(e => !said(e)).map(e => e.outerHTML);
"""
# WCAG 2: text of which the contrast is below 4.5 to 1 (large text 3 to 1), outside drawings.
PALE = """
function parts(colour) { return (colour.match(/[\\d.]+/g) || []).map(Number); }
function light([r, g, b]) {
  const of = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  return 0.2126 * of(r) + 0.7152 * of(g) + 0.0722 * of(b);
}
function behind(e) {
  for (; e; e = e.parentElement) {
    const c = parts(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c;
    if (c[3] > 0) return null;  // see-through: not judged
  }
  return [255, 255, 255];
}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const found = {};
while (walker.nextNode()) {
  const e = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !e.offsetParent) continue;
  if (e.closest("svg, script, style")) continue;
  const style = getComputedStyle(e), over = behind(e), ink = parts(style.color);
  if (!over || ink[3] === 0 || e.closest("[disabled]")) continue;
  const [a, b] = [light(ink), light(over)].sort((x, y) => y - x);
  const size = parseFloat(style.fontSize), bold = +style.fontWeight >= 700;
  const large = size >= 24 || (size >= 18.66 && bold);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < (large ? 3 : 4.5)) found[e.tagName + "." + e.className] = ratio.toFixed(2);
}
return found;
"""


def kinds():
    """{kind: its largest page}; runs of each task are a kind."""
    found = {}
    for page in sorted(REPORTS.rglob("index.html"), key=lambda p: p.stat().st_size):
        parts = page.relative_to(REPORTS).parts
        kind = parts[0] if len(parts) > 1 else "board"
        if kind == "runs":
            score = REPORTS / "scores" / f"{parts[1]}.json"
            kind = f"run-{json.loads(score.read_text())['task']}"
        elif kind == "tables" and len(parts) == 2:
            kind = "papers"
        found[kind] = page
    return found


KINDS = kinds()


@pytest.fixture(params=sorted(KINDS))
def page(request):
    return KINDS[request.param]


def media(browser, **features):
    given = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": given})


def screen(browser, width):
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
    )


def test_there_is_a_page_of_every_kind():
    assert {"board", "datasets", "papers", "tables", "run-sed", "run-seld", "run-tagging"} <= set(
        KINDS
    )


def test_it_opens_without_an_error_and_all_its_pictures_are_there(browser, page):
    driver = browser.open(page)
    assert driver.execute_script(BROKEN) == []
    assert browser.errors == []


def test_headings_skip_no_level_and_what_can_be_used_has_a_name(browser, page):
    driver = browser.open(page)
    levels = driver.execute_script(HEADINGS)
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels)), levels
    assert driver.execute_script(NAMELESS) == []


def test_text_stands_out_from_what_is_behind_it_by_day_and_by_night(browser, page):
    driver = browser.open(page)
    for scheme in ("light", "dark"):
        media(browser, prefers_color_scheme=scheme)
        assert driver.execute_script(PALE) == {}, scheme
    media(browser)


def test_a_telephone_s_screen_is_wide_enough(browser, page):
    driver = browser.open(page)
    screen(browser, NARROW)
    try:
        assert driver.execute_script(TOO_WIDE) == []
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_sounds_of_a_clip_can_be_heard(browser):
    with_sounds = [page for page in KINDS.values() if "<audio" in page.read_text()]
    assert with_sounds
    for page in with_sounds:
        driver = browser.open(page)
        seconds = driver.execute_async_script(
            "const done = arguments[arguments.length - 1], sound = document.querySelector('audio');"
            "sound.onloadedmetadata = () => done(sound.duration); sound.onerror = () => done(-1);"
            "sound.load();"
        )
        assert seconds > 0, page


def test_on_paper_there_is_everything_and_nothing_to_press(browser, page):
    driver = browser.open(page)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        visible = "return [...document.querySelectorAll(arguments[0])].filter(e => e.offsetParent)"
        pressed = "button.theme, #filters, audio"
        assert driver.execute_script(f"{visible}.map(e => e.outerHTML)", pressed) == []
        clips = driver.execute_script(f"{visible}.length", ".clip")
        assert clips == driver.execute_script("return document.querySelectorAll('.clip').length")
    finally:
        media(browser)


def test_links_lead_somewhere():
    """Not in a browser: every page of every run."""
    for page in REPORTS.rglob("*.html"):
        for address in set(re.findall(r'(?:href|src)="([^"#]+)', page.read_text())):
            parts = urlsplit(address)
            if parts.scheme in ("http", "https", "data", "mailto"):
                continue
            assert (page.parent / unquote(parts.path)).exists(), (page, address)
