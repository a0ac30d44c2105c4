"""Headless Chromium: for tests of the page, for its images in docs/report/ and for benchmarks/page.py.

    python -m tests.browser PAGE FOLDER     writes light.png and dark.png of a page
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import presence_of_element_located, text_to_be_present_in_element
from selenium.webdriver.support.wait import WebDriverWait

from verify.record import Report
from verify.report.html import html

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
THERE = bool(CHROMIUM and DRIVER)


@contextmanager
def chromium() -> Iterator[Chrome]:
    """One, for as long as it is needed; it keeps what pages complain of."""
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with Chrome(options=options, service=Service(DRIVER)) as started:
        yield started


class Window:
    """The browser, and the page that it shows."""

    def __init__(self, driver: Chrome, folder: Path) -> None:
        self.driver, self.folder = driver, folder

    def open(self, made: Report, fragment: str = "") -> None:
        """A page on disk, as who is sent one opens it."""
        path = self.folder / "page.html"
        path.write_text(html(made), encoding="utf-8")
        self.driver.get("about:blank")
        self.driver.get(path.as_uri() + fragment)

    def one(self, selector: str) -> WebElement:
        """Waits for it, as a person would; a page that never gets there fails."""
        return WebDriverWait(self.driver, 10).until(presence_of_element_located((By.CSS_SELECTOR, selector)), selector)

    def button(self, words: str) -> WebElement:
        """The first that can be seen with these words on it."""
        found = self.driver.find_elements(By.XPATH, f"//button[contains(., '{words}')]")
        return next(one for one in found if one.is_displayed())

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def field(self, label: str) -> WebElement:
        """What a person finds by its label."""
        return self.driver.find_element(By.XPATH, f"//label[starts-with(normalize-space(.), '{label}')]/*[self::select or self::input]")

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def shows(self, words: str) -> None:
        """Waits until the line above the answers says so."""
        WebDriverWait(self.driver, 10).until(text_to_be_present_in_element((By.ID, "count"), words), words)

    @property
    def fragment(self) -> str:
        return str(self.run("return location.hash"))

    def media(self, kind: str = "", **features: str) -> None:
        """What the reader's system says that it prefers."""
        listed = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": listed})

    def complaints(self) -> list[str]:
        """Errors of the script, and whatever the content security policy stopped."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


def images(page: Path, folder: Path) -> None:
    """Its beginning, as readers with either preference see it."""
    with chromium() as driver:
        window = Window(driver, folder)
        screen = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        for scheme in ("light", "dark"):
            window.media(prefers_color_scheme=scheme)
            driver.get(page.resolve().as_uri())
            driver.save_screenshot(str(folder / f"{scheme}.png"))


if __name__ == "__main__":
    images(*map(Path, sys.argv[1:]))
