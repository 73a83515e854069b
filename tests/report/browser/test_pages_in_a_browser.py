"""Pages as a person uses them, in a real browser: sort, filter, open rows, switch clips, listen."""

import numpy as np
import pytest

from seldbench.report.pages.rendering import render
from seldbench.report.publish import publish

BY = "css selector"
DARK = "return getComputedStyle(document.body).backgroundColor"
WIDTH = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def tone(clip):
    time = np.arange(160000) / 16000
    return (0.1 * np.sin(2 * np.pi * 440 * time)).astype(np.float32), 16000


@pytest.fixture(scope="session")
def reports(tmp_path_factory, run_maker):
    """Pages of runs on two data sets, one of them with sounds."""
    folder = tmp_path_factory.mktemp("browsed")
    out = folder / "reports"
    for name, options in {
        "good": {"psds1": 0.45},
        "bad": {"psds1": 0.30, "variant": "desed"},
        "sim": {"dataset": "desed-sim", "limit": 8},
    }.items():
        run = run_maker(folder / "runs", name, **options)
        publish(run, out, audio=tone, every_sound=name == "good")
    render(out)
    return out


def shown(driver, selector):
    return [e for e in driver.find_elements(BY, selector) if e.is_displayed()]


def names(driver):
    return [row.text for row in shown(driver, "tbody.system.measured th.name")]


def test_every_page_opens_without_an_error_on_the_console(browser, reports):
    for page in sorted(reports.rglob("*.html")):
        browser.open(page)
        assert browser.errors == [], page


def test_a_column_sorts_both_ways_and_back_by_keyboard(browser, reports):
    driver = browser.open(reports / "index.html")
    before = names(driver)
    head = driver.find_element(BY, "th[data-key=psds1]")
    found = {}
    for _ in range(3):
        head.find_element(BY, "button").send_keys("\ue007")  # Enter
        cells = shown(
            driver, "tbody.system.measured[data-dataset=desed] td[data-value]:nth-child(2)"
        )
        found[head.get_attribute("aria-sort")] = [
            float(c.get_attribute("data-value")) for c in cells
        ]
    assert found["descending"] == [0.45, 0.30] and found["ascending"] == [0.30, 0.45]
    assert names(driver) == before
    assert browser.errors == []


def test_filters_leave_what_fits_and_the_address_keeps_them(browser, reports):
    driver = browser.open(reports / "index.html")
    select = driver.find_element(BY, "#filters [name=data]")
    select.send_keys("simulated")
    every = shown(driver, "tbody.system")
    assert every and all("simulated" in e.get_attribute("data-data") for e in every)
    address = driver.current_url
    assert "data=simulated" in address
    driver.get("about:blank")
    driver.get(address)
    assert len(shown(driver, "tbody.system")) == len(every)
    driver.find_element(BY, "#filters [name=q]").send_keys("no such system")
    assert not shown(driver, "tbody.system")


def test_a_row_opens_its_provenance(browser, reports):
    driver = browser.open(reports / "index.html")
    summary = shown(driver, "tbody.system.measured details > summary")[0]
    summary.click()
    text = summary.find_element("xpath", "..").text
    assert "seldbench" in text and "fingerprint" in text


def test_clips_are_switched_by_keys_and_a_cursor_follows_the_sound(browser, reports):
    driver = browser.open(reports / "runs" / "good" / "index.html")
    tabs = driver.find_elements(BY, "[role=tab]")
    assert len(tabs) >= 2 and len(shown(driver, ".clip")) == 1
    first = shown(driver, ".clip")[0].get_attribute("id")
    tabs[0].send_keys("\ue014")  # arrow right
    assert shown(driver, ".clip")[0].get_attribute("id") != first
    sound = shown(driver, ".clip audio")[0]
    driver.execute_script("arguments[0].muted = true; return arguments[0].play()", sound)
    driver.execute_async_script("setTimeout(arguments[0], 700)")
    assert driver.execute_script("return arguments[0].currentTime", sound) > 0
    cursor = shown(driver, ".clip")[0].find_element(BY, "svg.timed .cursor")
    assert cursor.get_attribute("visibility") == "visible"
    assert browser.errors == []


def test_a_narrow_screen_scrolls_tables_and_not_the_page(browser, reports):
    browser.driver.set_window_size(500, 900)
    for page in ("index.html", "runs/good/index.html"):
        assert browser.open(reports / page).execute_script(WIDTH), page


def test_dark_mode_follows_the_system_and_the_button(browser, browser_with, reports):
    light = browser.open(reports / "index.html").execute_script(DARK)
    browser.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": "dark"}]},
    )
    dark = browser.driver.execute_script(DARK)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert dark != light
    browser.driver.find_element(BY, "button.theme").click()
    assert browser.driver.execute_script(DARK) == dark
    browser.driver.find_element(BY, "button.theme").click()
    assert browser.driver.execute_script(DARK) == light


def test_without_script_tables_and_clips_are_all_there(browser_with, reports):
    plain = browser_with(script=False)
    driver = plain.open(reports / "index.html")
    assert not driver.find_elements(BY, "thead button")
    assert len(shown(driver, "tbody.system.measured")) == 3
    driver = plain.open(reports / "runs" / "good" / "index.html")
    assert len(shown(driver, ".clip")) == len(driver.find_elements(BY, ".clip")) > 1


def test_names_from_data_are_text(browser, reports):
    driver = browser.open(reports / "runs" / "good" / "index.html")
    assert "<script>alert(1)</script>" in driver.find_element(BY, "body").text
    assert not driver.execute_script(
        "return [...document.scripts].some(s => s.text === 'alert(1)')"
    )
