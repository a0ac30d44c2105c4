"""A picture as people see it, in headless Chromium: by keyboard, in the dark, without motion, read aloud.

Skipped where there is no Chromium with its driver, unless CONCORDANT_BROWSER=required.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser import THERE, Window, chromium
from tools.gallery import FOUNDING, found
from verify.native.picture import html

REQUIRED = os.environ.get("CONCORDANT_BROWSER") == "required"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not THERE and not REQUIRED, reason="no Chromium with chromedriver here (`make browser`)"),
]


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    with chromium() as started:
        yield started


@pytest.fixture
def picture(driver: Chrome, tmp_path: Path) -> Iterator[Window]:
    """Two programs' picture as a page, whose requests are counted."""
    first, second, x = FOUNDING
    (tmp_path / "picture.html").write_text(html(found(first, x), first, (found(second, x), second)), encoding="utf-8")
    made = Window(driver, tmp_path)
    made.media()
    driver.get("about:blank")
    driver.get((tmp_path / "picture.html").as_uri())
    yield made
    made.media()
    assert made.complaints() == []


SEEN = """
return [...document.querySelectorAll(".on")].map((one, i) => [+getComputedStyle(one).opacity, i]).filter(([o]) => o).map(([, i]) => i);
"""
"""Which outputs are shown with what reaches them."""


def test_a_picture_is_used_by_keyboard(picture: Window) -> None:
    """The Tab key goes from output to output; what has the focus is shown with the same output of the other program."""
    count = len(picture.all(".f")) // 2
    for at in range(3):
        ActionChains(picture.driver).send_keys(Keys.TAB).perform()
        focused = picture.driver.switch_to.active_element
        assert focused.get_attribute("aria-label").startswith(f"y[{at}] = ")
        assert picture.run(SEEN) == [at, at + count]


def test_a_picture_has_text_for_screen_readers(picture: Window) -> None:
    root = picture.one("svg")
    assert root.aria_role == "group"
    assert root.accessible_name.startswith(FOUNDING[0])
    for one in picture.all(".f"):
        assert one.accessible_name.startswith("y[")
    assert len(picture.all("li")) == len(picture.all(".f"))


def test_a_picture_in_the_dark(picture: Window) -> None:
    colours = []
    for scheme in ("light", "dark"):
        picture.media(prefers_color_scheme=scheme)
        back, text = (picture.run(f"return getComputedStyle(document.querySelector('{one}')).fill") for one in ("svg .back", "svg .head"))
        colours.append([sum(map(int, re.findall(r"\d+", colour))) for colour in (back, text)])
    (light_back, light_text), (dark_back, dark_text) = colours
    assert light_back - light_text > 500
    assert dark_text - dark_back > 500


def test_a_picture_moves_unless_the_reader_prefers_it_not_to(picture: Window) -> None:
    moving = "return document.getAnimations().length"
    assert picture.run(moving) == len(picture.all(".on"))
    picture.media(prefers_reduced_motion="reduce")
    assert picture.run(moving) == 0
    assert picture.run(SEEN) == [0, len(picture.all(".f")) // 2]


def test_one_output_is_shown_at_a_time(picture: Window) -> None:
    count = len(picture.all(".f")) // 2
    picture.run("document.getAnimations().forEach((one) => one.pause())")
    for at in (0, 1, count - 1):
        share = (at + 0.5) / count
        picture.run(
            "document.getAnimations().forEach((one) => { const t = one.effect.getComputedTiming();"
            " one.currentTime = t.delay + (Math.ceil(-t.delay / t.duration) + arguments[0]) * t.duration - t.delay; })",
            share,
        )
        assert picture.run(SEEN) == [at, at + count]


def test_a_picture_asks_no_network_and_has_no_script(picture: Window) -> None:
    assert picture.run("return performance.getEntriesByType('resource').length") == 0
    assert picture.all("script, img, link, iframe") == []
