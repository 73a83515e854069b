"""A real browser, where the system has one: Debian's packages chromium and chromium-driver. Nothing
is downloaded; without them the tests are skipped."""

import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "no Chromium with its driver on this machine; on Debian: apt install chromium chromium-driver"
)


class Browser:
    """Selenium's driver, and what the pages that it opened said on the console."""

    def __init__(self, driver):
        self.driver = driver

    def open(self, path):
        self.driver.get(path.as_uri())
        return self.driver

    @property
    def errors(self):
        return [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]


@pytest.fixture(scope="session")
def browser_with():
    """Make a browser with further arguments; all are closed in the end."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    helper = shutil.which("chromedriver")
    if program is None or helper is None:
        pytest.skip(MISSING)
    webdriver = pytest.importorskip("selenium.webdriver")
    service = pytest.importorskip("selenium.webdriver.chrome.service")
    opened = []

    def make(*arguments, script=True):
        options = webdriver.ChromeOptions()
        options.binary_location = program
        wanted = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--mute-audio")
        for argument in (*wanted, "--window-size=1200,900", *arguments):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if not script:
            setting = {"profile.managed_default_content_settings.javascript": 2}
            options.add_experimental_option("prefs", setting)
        driver = webdriver.Chrome(options=options, service=service.Service(helper))
        opened.append(driver)
        return Browser(driver)

    yield make
    for driver in opened:
        driver.quit()


@pytest.fixture(scope="session")
def shared_browser(browser_with):
    return browser_with()


@pytest.fixture
def browser(shared_browser):
    """One with script, at a laptop's width; what earlier pages said is forgotten."""
    shared_browser.driver.set_window_size(1200, 900)
    _ = shared_browser.errors
    return shared_browser
