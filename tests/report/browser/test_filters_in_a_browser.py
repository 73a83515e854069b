"""The filters of the leaderboard where it has several tasks."""

BY = "css selector"
OPTIONS = "return [...document.querySelectorAll(arguments[0])].map(o => o.textContent)"


def shown(driver, selector="tbody.system.measured"):
    return [e for e in driver.find_elements(BY, selector) if e.is_displayed()]


def test_lists_offer_what_occurs_under_the_chosen_task(browser, rendered_directions):
    driver = browser.open(rendered_directions / "index.html")
    datasets = "#filters [name=dataset] option"
    first = driver.execute_script(OPTIONS, datasets)
    assert "desed" in first and "tnsse2021-sim" not in first
    driver.find_element(BY, "#filters input[value=seld]").click()
    second = driver.execute_script(OPTIONS, datasets)
    assert "tnsse2021-sim" in second and "desed" not in second
    driver.find_element(BY, "#filters [name=dataset]").send_keys("tnsse2021-sim")
    assert len(shown(driver)) == 1
    # What was chosen falls away with its task.
    driver.find_element(BY, "#filters input[value=sed]").click()
    assert len(shown(driver)) == 1
    assert "dataset=" not in driver.current_url
    assert browser.errors == []


def test_an_address_that_names_another_task_s_data_set_shows_it(browser, rendered_directions):
    page = (rendered_directions / "index.html").as_uri()
    for given in ("#dataset=tnsse2021-sim", "#task=sed&dataset=tnsse2021-sim"):
        browser.driver.get("about:blank")
        browser.driver.get(page + given)
        (row,) = shown(browser.driver)
        assert row.get_attribute("data-dataset") == "tnsse2021-sim"
        assert not shown(browser.driver, "#nothing")


def test_an_address_of_a_task_shows_it_though_another_is_chosen(browser, rendered_directions):
    browser.driver.get("about:blank")
    browser.driver.get((rendered_directions / "index.html").as_uri() + "#seld")
    assert any(
        row.get_attribute("data-dataset") == "tnsse2021-sim" for row in shown(browser.driver)
    )


def test_where_nothing_fits_it_says_what_to_change(browser, rendered_directions):
    driver = browser.open(rendered_directions / "index.html")
    assert not shown(driver, "#nothing")
    driver.find_element(BY, "#filters [name=q]").send_keys("no such system")
    (said,) = shown(driver, "#nothing")
    assert "without “Search: no such system” there would be" in said.text
    driver.find_element(BY, "#filters [name=q]").clear()
    driver.find_element(BY, "#filters [name=q]").send_keys("tnsse2021-sim")
    assert "without “Sound event detection” there would be 1" in shown(driver, "#nothing")[0].text
